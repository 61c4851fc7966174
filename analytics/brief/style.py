"""How the page looks: its frame and its style sheet, both inside the one file."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light; --ink: #1f2933; --quiet: #616e7c; --line: #e4e7eb; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 28px 24px 60px; background: #f7f9fa;
  color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 18px; margin: 0 0 8px; }
h3 { font-size: 15px; margin: 0; }
header { display: flex; justify-content: space-between; align-items: baseline; gap: 24px;
  flex-wrap: wrap; margin-bottom: 14px; }
section, figure { background: #fff; border: 1px solid var(--line); border-radius: 8px;
  padding: 16px 18px; margin: 0 0 16px; }
.through { margin: 0; color: var(--quiet); font-size: 13px; text-align: right; }
.fine { color: #2f6f45; margin: 0 0 14px; }
.failed { border-left: 4px solid #d9822b; } .failed ul { margin: 0; padding-left: 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 16px;
  background: none; border: 0; padding: 0; }
.tile { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 14px 18px; }
.value { font-size: 30px; font-weight: 650; line-height: 1.15; } .words { font-weight: 600; }
.detail, .note, .n, summary, footer { color: var(--quiet); font-size: 13px; }
.note { margin: 2px 0 8px; } ol { margin: 0; padding-left: 22px; } li { margin-bottom: 8px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(480px, 1fr)); gap: 16px;
  background: none; border: 0; padding: 0; }
figure { margin: 0; overflow: hidden; }
figure svg { max-width: 100%; height: auto; display: block; } .n { white-space: nowrap; }
.scroll { overflow: auto; max-height: 420px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--quiet); font-weight: 500; white-space: nowrap; }
.number { text-align: right; padding-right: 22px; font-variant-numeric: tabular-nums; }
.date { white-space: nowrap; } .none { color: #9aa5b1; }
pre { overflow: auto; font-size: 12px; background: #f7f9fa; padding: 10px; }
.state { border-left: 6px solid var(--quiet); } .state h2 { font-size: 22px; }
.ship { border-left-color: #3f8f5b; } .stop, .invalid { border-left-color: #c2413b; }
.discuss { border-left-color: #d9822b; } .facts { columns: 2; margin: 0; }
.facts div { break-inside: avoid; } .facts dt { color: var(--quiet); font-size: 13px; }
.facts dd { margin: 0 0 8px; }
@media print { body { background: #fff; } details { display: none; }
  section, figure { break-inside: avoid; } }
"""
HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
