// Writes the agent's state as counters and gauges that Prometheus reads [text exposition format 0.0.4].

export type Family = {
	readonly name: string;
	readonly type: 'counter' | 'gauge';
	readonly help: string;
	readonly samples: readonly {readonly labels?: Readonly<Record<string, string>>; readonly value: number}[];
};

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

/** Families without a sample are left out. */
export function metricsText(families: readonly Family[]): string {
	let text = '';
	for (const {name, type, help, samples} of families) {
		if (samples.length === 0) continue;
		text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
		for (const {labels = {}, value} of samples) {
			const pairs = Object.entries(labels).map(([key, label]) => `${key}="${escapeLabel(label)}"`);
			text += `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
		}
	}
	return text;
}
