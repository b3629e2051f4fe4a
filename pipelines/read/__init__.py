"""Reading: files of a source become records, and a fault for each that cannot be read."""

from pipelines.read.records import Fault, Record, records
from pipelines.read.source import InputFile, Source, plan

__all__ = ["Fault", "InputFile", "Record", "Source", "plan", "records"]
