"""`report.html`: one file that says what a search has found, to read, to send, to print."""

from analysis.report.record import Record
from analysis.report.write import report, write_page, write_report

__all__ = ["Record", "report", "write_page", "write_report"]
