"""Write the shipped DOCX template: `python -m layers.reports.template`.

A county that wants its own letterhead takes this file, changes it in a word processor, and puts it
into the folder `reports` of the program's home as `daily.docx`, `weekly.docx` or `hotspot.docx`.
A template can name `title`, `name`, `period`, `known`, `lead`, `tables` (heading, columns, rows),
`notes`, `watermark`, and each number by `figures`, such as `{{ figures.counts.valid }}`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

FILE = Path(__file__).with_name("report.docx")
_FACE = "Microsoft YaHei"


def main() -> None:
    """Write the template beside this module."""
    document = Document()
    document.core_properties.created = document.core_properties.modified = datetime(2026, 1, 1)
    document.core_properties.author = document.core_properties.last_modified_by = "Wangge"
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Mm(15))
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FACE, Pt(10)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), _FACE)
    title = document.add_paragraph().add_run("{{ title }}")
    title.bold, title.font.size, title.font.color.rgb = True, Pt(20), RGBColor(0x0B, 0x4F, 0x8A)
    document.add_paragraph("{{ name }}　{{ period }}")
    document.add_paragraph("{%p for line in lead %}")
    document.add_paragraph("{{ line }}")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p for table in tables %}")
    document.add_paragraph().add_run("{{ table.heading }}").bold = True
    document.add_paragraph("{%p if table.rows %}")
    grid = document.add_table(rows=4, cols=3)
    grid.style = "Light Grid"
    for cell, said in zip(
        grid.rows[0].cells,
        ("{%tc for column in table.columns %}", "{{ column }}", "{%tc endfor %}"),
        strict=True,
    ):
        cell.text = said
    grid.rows[1].cells[0].text = "{%tr for row in table.rows %}"
    for cell, said in zip(
        grid.rows[2].cells, ("{%tc for cell in row %}", "{{ cell }}", "{%tc endfor %}"), strict=True
    ):
        cell.text = said
    grid.rows[3].cells[0].text = "{%tr endfor %}"
    for row in grid.rows:
        for cell in row.cells:
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(8)
    document.add_paragraph("{%p else %}")
    document.add_paragraph("{{ table.empty }}")
    document.add_paragraph("{%p endif %}")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph().add_run("{{ notes_heading }}").bold = True
    document.add_paragraph("{{ known }}")
    document.add_paragraph("{%p for note in notes %}")
    document.add_paragraph("{{ note }}")
    document.add_paragraph("{%p endfor %}")
    section.footer.paragraphs[0].text = "{{ watermark }}"
    document.save(FILE)


if __name__ == "__main__":
    main()
