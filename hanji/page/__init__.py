"""The report page: one HTML file that shows a run, with no request leaving it.

`gather` finds the manifests, `sections` turns them into parts of the page, `charts` draws SVG by
hand, `write` puts all into one template. Numbers come from manifests alone, samples from the
shards; the page of ten million documents is as large as that of ten thousand.
"""
