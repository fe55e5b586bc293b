"""A horizontal bar chart on a logarithmic scale, as SVG."""

import math
from xml.sax.saxutils import escape

COLOURS = {"host": "#9ecae1", "offset": "#4292c6", "icount": "#08519c", "qemu": "#fd8d3c", "valgrind": "#a1a1a1"}
LABELS = {"host": "tick86 --clock=host", "offset": "tick86 --clock=offset", "icount": "tick86 --icount=3",
          "qemu": "qemu-x86_64", "valgrind": "valgrind --tool=none"}
BAR, GAP, LEFT, TOP, WIDTH, RIGHT = 7, 9, 200, 70, 640, 60


def text(x, y, words, anchor="start", weight="normal", size=12):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
            f'font-size="{size}">{escape(words)}</text>')


def bars(title, tools, rows):
    """rows: (label, [value for each tool, or None], whether the label is bold). Returns the SVG document."""
    largest = max([v for _, values, _ in rows for v in values if v is not None], default=1)
    decades = max(1, math.ceil(math.log10(largest)))
    position = lambda value: LEFT + WIDTH * max(0, math.log10(value)) / decades  # noqa: E731
    row_height = BAR * len(tools) + GAP
    bottom = TOP + row_height * len(rows)
    parts = [text(LEFT, 22, title, weight="bold", size=15)]
    for i, tool in enumerate(tools):
        x = LEFT + i * 155 - 100
        parts.append(f'<rect x="{x}" y="36" width="10" height="10" fill="{COLOURS[tool]}"/>')
        parts.append(text(x + 14, 45, LABELS[tool]))
    for power in range(decades + 1):
        for digit in (1, 2, 5):
            value = digit * 10 ** power
            if value > 10 ** decades:
                break
            x = position(value)
            parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>')
            parts.append(text(x, TOP - 6, f"{value}", "middle", size=10))
    for number, (label, values, bold) in enumerate(rows):
        y = TOP + number * row_height + GAP / 2
        middle = y + BAR * len(tools) / 2 + 4
        parts.append(text(LEFT - 8, middle, label, "end", "bold" if bold else "normal"))
        for i, (tool, value) in enumerate(zip(tools, values)):
            if value is None:
                parts.append(text(LEFT + 4, y + (i + 1) * BAR, "no figure", size=8))
                continue
            width = max(1, position(value) - LEFT)
            parts.append(f'<rect x="{LEFT}" y="{y + i * BAR:.1f}" width="{width:.1f}" height="{BAR - 1}" '
                         f'fill="{COLOURS[tool]}"/>')
            parts.append(text(LEFT + width + 4, y + (i + 1) * BAR - 0.5, f"{value:.1f}", size=8))
    width, height = LEFT + WIDTH + RIGHT, bottom + 20
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")
