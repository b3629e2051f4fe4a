"""Reading: files of a source become records, and a fault for each that cannot be read."""

from pipelines.read.items import Fault, Item, Passed, Record
from pipelines.read.records import records
from pipelines.read.source import InputFile, Source, plan

__all__ = ["Fault", "InputFile", "Item", "Passed", "Record", "Source", "plan", "records"]
