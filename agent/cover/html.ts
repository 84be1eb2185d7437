// Turns a cover into one HTML page that needs nothing else: no script, no network, no font of its own, and prints on A4.

import {darkRuns, squaresOf} from './code.ts';
import type {Block, Cover, Table} from './document.ts';
import {plainText} from './plain.ts';

const entities: Readonly<Record<string, string>> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};

/** Whatever the log, a device or a person wrote is text and never markup. */
function escaped(text: string): string {
	return plainText(text).replace(/[&<>"']/g, character => entities[character]!);
}

export function htmlOf(cover: Cover): string {
	const {language, title, subtitle, head, code, codeCaption, sections, footer} = cover;
	const rows = head.map(([label, value]) => `<dt>${escaped(label)}</dt><dd>${escaped(value)}</dd>`).join('');
	const body = sections.map(
		section => `<section id="${section.name}"><h2>${escaped(section.title)}</h2>\n${section.blocks.map(blockHtml).join('\n')}\n</section>`,
	);
	return `<!doctype html>
<html lang="${language === 'en' ? 'en' : 'zh-CN'}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(`${title}: ${subtitle}`)}</title>
<style>${style}</style>
</head>
<body>
<header>
<div class="name"><h1>${escaped(title)}</h1><p class="subtitle">${escaped(subtitle)}</p><dl class="head">${rows}</dl></div>
<figure>${codeSvg(code, codeCaption)}<figcaption>${escaped(codeCaption)}</figcaption></figure>
</header>
<main>
${body.join('\n')}
</main>
<footer>${escaped(footer)}</footer>
</body>
</html>
`;
}

function codeSvg(code: string, caption: string): string {
	const squares = squaresOf(code);
	const path = darkRuns(squares)
		.map(({x, y, length}) => `M${x} ${y}h${length}v1h-${length}z`)
		.join('');
	return `<svg viewBox="0 0 ${squares.length} ${squares.length}" role="img" shape-rendering="crispEdges"><title>${escaped(caption)}</title><path d="${path}"/></svg>`;
}

function blockHtml(block: Block): string {
	switch (block.is) {
		case 'text':
			return `<p>${escaped(block.text)}</p>`;
		case 'heading':
			return `<h3>${escaped(block.text)}</h3>`;
		case 'notice':
			return `<p class="notice ${block.tone}">${escaped(block.text)}</p>`;
		case 'facts':
			return `<dl>${block.rows.map(([label, value]) => `<dt>${escaped(label)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>`;
		case 'figures':
			return `<div class="figures">${block.figures
				.map(({label, value, tone}) => `<div class="${tone}"><span>${escaped(label)}</span><strong>${escaped(value)}</strong></div>`)
				.join('')}</div>`;
		case 'table':
			return tableHtml(block.table);
		case 'list':
			return `<ol>${block.items.map(item => `<li>${escaped(item)}</li>`).join('')}</ol>`;
		case 'code':
			return `<pre>${block.lines.map(escaped).join('\n')}</pre>`;
		case 'blanks':
			return `<dl class="blanks">${block.rows
				.map(({label, isWide}) => `<div class="${isWide ? 'wide' : 'narrow'}"><dt>${escaped(label)}</dt><dd></dd></div>`)
				.join('')}</dl>`;
	}
}

/** Hashes and keys: they may break anywhere, and are set in a font in which letters are told apart. */
const isHash = (text: string): boolean => /^(?:0x)?[0-9a-f]{40,}$|^[a-z0-9]+:[A-Za-z0-9+/=]{30,}$/.test(text);

function tableHtml({title, columns, rows, rest}: Table): string {
	const heads = columns.map(({title: text, isNumber}) => `<th${isNumber ? ' class="number"' : ''}>${escaped(text)}</th>`).join('');
	const cell = (text: string, column: number): string => {
		const name = columns[column]?.isNumber === true ? ' class="number"' : isHash(text) ? ' class="hash"' : '';
		return `<td${name}>${escaped(text)}</td>`;
	};
	const body = rows.map(row => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
	const more = rest === undefined ? '' : `<p class="rest">${escaped(rest)}</p>`;
	return `<table><caption>${escaped(title)}</caption><thead><tr>${heads}</tr></thead><tbody>\n${body}\n</tbody></table>${more}`;
}

const style = `
@page { size: A4; margin: 18mm 16mm 18mm 16mm }
:root { --ink: #1a1f24; --soft: #55606b; --line: #d5dbe1; --wash: #f3f6f8; --accent: #0f4c75; --good: #1e6b3a; --bad: #a3231f; --unsure: #8a5a00 }
* { box-sizing: border-box }
html { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Helvetica Neue", Arial, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif; color: var(--ink); background: #e9edf0 }
body { max-width: 210mm; margin: 0 auto; padding: 16mm; background: #fff }
header { display: flex; gap: 8mm; justify-content: space-between; align-items: flex-start; border-bottom: 2.5px solid var(--accent); padding-bottom: 5mm; margin-bottom: 2mm }
header .name { flex: 1; min-width: 0 }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 1mm; color: var(--accent) }
.subtitle { font-size: 1.05rem; margin: 0 0 4mm; color: var(--soft) }
figure { margin: 0; width: 41mm; flex: none; text-align: center }
figure svg { width: 41mm; height: 41mm; display: block; border: 1px solid var(--line) }
figcaption { font-size: .7rem; line-height: 1.3; color: var(--soft); margin-top: 1mm }
h2 { font-size: 1.2rem; margin: 8mm 0 2mm; color: var(--accent); border-bottom: 1px solid var(--line); padding-bottom: 1mm; break-after: avoid }
h3 { font-size: 1rem; margin: 5mm 0 1.5mm; break-after: avoid }
p { margin: 0 0 2.5mm }
dl { display: grid; grid-template-columns: minmax(34mm, max-content) 1fr; gap: .8mm 5mm; margin: 0 0 3mm }
dt { color: var(--soft); max-width: 62mm }
dd { margin: 0; overflow-wrap: anywhere }
dl.head { font-size: .88rem; margin: 0 }
ol { margin: 0 0 3mm; padding-left: 6mm }
li { margin-bottom: 1mm }
pre { font: .78rem/1.5 ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; background: var(--wash); border: 1px solid var(--line); border-radius: 2px; padding: 2.5mm 3mm; margin: 0 0 3mm; white-space: pre-wrap; overflow-wrap: anywhere }
.notice { border-left: 4px solid var(--soft); background: var(--wash); padding: 2.5mm 4mm; break-inside: avoid }
.notice.good { border-color: var(--good) } .notice.bad { border-color: var(--bad) } .notice.unsure { border-color: var(--unsure) }
.figures { display: flex; flex-wrap: wrap; gap: 3mm; margin: 0 0 4mm; break-inside: avoid }
.figures div { flex: 1 1 38mm; border: 1px solid var(--line); border-top: 4px solid var(--accent); background: var(--wash); padding: 2.5mm 4mm }
.figures span { display: block; font-size: .82rem; color: var(--soft) }
.figures strong { font-size: 1.35rem; line-height: 1.3; overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
.figures .good { border-top-color: var(--good) } .figures .good strong { color: var(--good) }
.figures .bad { border-top-color: var(--bad) } .figures .bad strong { color: var(--bad) }
.figures .unsure { border-top-color: var(--unsure) } .figures .unsure strong { color: var(--unsure) }
table { width: 100%; border-collapse: collapse; font-size: .8rem; line-height: 1.35; margin: 2mm 0 4mm; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; font-size: .95rem; padding: 1mm 0 1.5mm; break-after: avoid }
thead { display: table-header-group }
th { text-align: left; vertical-align: bottom; font-weight: 600; color: var(--soft); border-bottom: 1.5px solid var(--ink); padding: 1mm 2.5mm 1mm 0 }
td { vertical-align: top; border-bottom: 1px solid var(--line); padding: 1mm 2.5mm 1mm 0; overflow-wrap: break-word }
tr { break-inside: avoid }
tbody tr:first-child { break-before: avoid }
th:last-child, td:last-child { padding-right: 0 }
.number { text-align: right; overflow-wrap: normal; white-space: nowrap }
th.number { white-space: normal }
.hash { font: .68rem/1.4 ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; word-break: break-all; min-width: 30mm }
.rest { color: var(--soft); font-size: .85rem }
dl.blanks { display: flex; flex-wrap: wrap; gap: 4mm 6mm; margin-top: 5mm }
dl.blanks div { display: flex; flex-direction: column-reverse; break-inside: avoid; flex: 1 1 45% }
dl.blanks .wide { flex-basis: 100% }
dl.blanks dd { border-bottom: 1px solid var(--ink); height: 11mm }
dl.blanks .wide dd { height: 17mm; background: repeating-linear-gradient(to bottom, transparent 0 8.3mm, var(--line) 8.3mm 8.5mm) }
dl.blanks dt { font-size: .78rem }
footer { margin-top: 8mm; padding-top: 2mm; border-top: 1px solid var(--line); font-size: .78rem; color: var(--soft) }
#witness, #rows { break-before: page }
@media print { html { font-size: 9.5pt; background: none } body { max-width: none; padding: 0 } * { -webkit-print-color-adjust: exact; print-color-adjust: exact } }
`;
