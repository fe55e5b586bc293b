"""A horizontal bar chart on a logarithmic scale, as SVG."""

import math
from xml.sax.saxutils import escape

COLOURS = {"native": "#4d4d4d", "host": "#9ecae1", "offset": "#4292c6", "icount": "#08519c", "qemu": "#fd8d3c", "valgrind": "#b3a2c7"}
LABELS = {"native": "native", "host": "tick86 --clock=host", "offset": "tick86 --clock=offset", "icount": "tick86 --icount=3",
          "qemu": "qemu-x86_64", "valgrind": "valgrind --tool=none"}
BAR, GAP, LEFT, TOP, WIDTH, RIGHT = 9, 9, 220, 96, 660, 60
LEAST = 0.5  # where the axis begins: native, which is 1, has a bar then
CHARACTER = 6.4  # about the width of one, at 12 pixels


def text(x, y, words, anchor="start", weight="normal", size=12, fill="black"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
            f'font-size="{size}" fill="{fill}">{escape(words)}</text>')


def line(x1, y1, x2, y2, stroke):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}"/>'


def legend(tools):
    x = LEFT
    for tool in tools:
        yield f'<rect x="{x:.1f}" y="34" width="11" height="11" fill="{COLOURS[tool]}"/>'
        yield text(x + 16, 44, LABELS[tool])
        x += 16 + CHARACTER * len(LABELS[tool]) + 22


def ticks(largest):
    """1, 2 and 5 of each decade, from LEAST to the first one that nothing exceeds."""
    values = [LEAST]
    while values[-1] < largest or len(values) < 3:
        power = 10 ** math.floor(math.log10(values[-1]) + 1e-9)
        values.append(power * {1: 2, 2: 5, 5: 10}[round(values[-1] / power)])
    return values


def axis(values, position, y, bottom):
    """Grid lines, with figures and small marks at both ends."""
    for value in values:
        x = position(value)
        yield line(x, y, x, bottom, "#888" if value == 1 else "#ddd")
        for at, mark in ((y, -4), (bottom, 4)):
            yield line(x, at, x, at + mark, "black")
        yield text(x, y - 8, f"{value:g}×", "middle", size=11)
        yield text(x, bottom + 16, f"{value:g}×", "middle", size=11)
    for at in (y, bottom):
        yield line(LEFT, at, LEFT + WIDTH, at, "black")


def bars(title, axis_title, tools, rows, notes):
    """rows: (label, [value for each tool, or None], whether the label is bold). notes: lines in small print. Returns the SVG document."""
    largest = max([v for _, values, _ in rows for v in values if v is not None], default=1)
    values = ticks(largest)
    span = math.log10(values[-1] / LEAST)
    position = lambda value: LEFT + WIDTH * max(0, math.log10(value / LEAST)) / span  # noqa: E731
    row_height = BAR * len(tools) + GAP
    bottom = TOP + row_height * len(rows) + GAP / 2
    parts = [text(LEFT, 20, title, weight="bold", size=16), *legend(tools),
             text(LEFT, TOP - 28, axis_title), *axis(values, position, TOP, bottom)]
    for number, (label, figures, bold) in enumerate(rows):
        y = TOP + number * row_height + GAP
        parts.append(text(LEFT - 8, y + BAR * len(tools) / 2 + 4, label, "end", "bold" if bold else "normal"))
        for i, (tool, value) in enumerate(zip(tools, figures)):
            at = y + i * BAR
            if value is None:
                parts.append(text(LEFT + 4, at + BAR - 1.5, f"no figure: {LABELS[tool].split()[0]}", size=8, fill="#777"))
                continue
            width = max(1, position(value) - LEFT)
            parts.append(f'<rect x="{LEFT}" y="{at:.1f}" width="{width:.1f}" height="{BAR - 1}" fill="{COLOURS[tool]}"/>')
            if tool != "native":
                parts.append(text(LEFT + width + 4, at + BAR - 1.5, f"{value:.2f}" if value < 10 else f"{value:.1f}", size=9))
    for number, note in enumerate(notes):
        parts.append(text(LEFT, bottom + 38 + 14 * number, note, size=10, fill="#555"))
    width, height = LEFT + WIDTH + RIGHT, bottom + 44 + 14 * len(notes)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}" '
            f'viewBox="0 0 {width} {height:.0f}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")
