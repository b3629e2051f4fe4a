"""Names of people and places in each language."""

from __future__ import annotations

from hanji.schema import Lang

__all__ = ["PEOPLE", "PLACES"]

_PEOPLE: dict[Lang, str] = {
    "en": "Alice Ben Clara Daniel Emma Frank Grace Henry Isla Jack Kate Liam Mia Noah Olivia Paul "
    "Rose Sam Tom Violet",
    "ko": "민준 서연 도윤 하은 지호 수아 예준 지민 현우 유진 건우 채원 우진 다은 준서 소율 "
    "민재 시은 태윤 나영",
    "es": "Ana Bruno Carmen Diego Elena Felipe Gloria Hugo Lucía Javier Laura Marcos Nuria Óscar "
    "Pablo Raquel Sofía Tomás Valeria Andrés",
    "de": "Anna Bernd Clara David Emil Frieda Greta Hannes Ida Jonas Klara Lukas Marie Nils Otto "
    "Paula Rosa Stefan Thea Ulrich",
    "ja": "田中さん 佐藤さん 鈴木さん 高橋さん 伊藤さん 渡辺さん 山本さん 中村さん 小林さん "
    "加藤さん 吉田さん 山田さん 松本さん 井上さん 木村さん 清水さん 石井さん 斎藤さん "
    "森さん 池田さん",
    "vi": "An Bình Chi Dũng Giang Hà Hùng Khánh Lan Linh Mai Minh Nam Ngọc Phong Quân Sơn Thảo "
    "Tuấn Yến",
}
_PLACES: dict[Lang, str] = {
    "en": "Ashford Brookfield Clifton Denham Eastwick Fairview Greenhill Hollow Ivybridge Kingsley "
    "Lakeside Milton Norwood Oakdale",
    "ko": "가람 나루 다솔 마루 바른 사랑 아라 자연 차울 한빛 푸른 새봄 은하 별내",
    "es": "Alameda Bellavista Castro Dehesa Encinar Fuentes Granja Huerta Jara Laguna Molinos "
    "Naranjal Olivar Pinar",
    "de": "Altdorf Bergheim Dornau Eichstadt Friedberg Grünau Hochfeld Kirchau Lindental Mühlbach "
    "Neustadt Oberau Rosenheim Waldsee",
    "ja": "青山 石川 大野 上原 川口 北浜 桜台 白川 高田 中野 西町 橋本 東山 緑丘",
    "vi": "An Bình|Bình Minh|Cẩm Sơn|Đông Hà|Gia Lâm|Hải Vân|Kim Liên|Long Thành|Mỹ Đình|Ninh Hòa|"
    "Phú Lộc|Quảng Trung|Sơn Tây|Tân An",
}

PEOPLE: dict[Lang, tuple[str, ...]] = {lang: tuple(n.split()) for lang, n in _PEOPLE.items()}
"""Twenty first names (Japanese: family names with さん)."""
PLACES: dict[Lang, tuple[str, ...]] = {
    lang: tuple(names.split("|" if "|" in names else None)) for lang, names in _PLACES.items()
}
"""Fourteen names of places; no name is part of another."""
