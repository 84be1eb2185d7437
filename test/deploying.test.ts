// What the files for containers, Grafana and Node-RED promise, as far as files alone can show it. No engine runs them here.
import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {parsePlain} from '../agent/config.ts';
import {placeOf} from './faults/packages.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as {readonly engines: {readonly node: string}};

type Service = {
	readonly image?: string;
	readonly build?: string;
	readonly ports?: readonly string[];
	readonly volumes?: readonly string[];
	readonly depends_on?: readonly string[];
	readonly secrets?: readonly string[];
};
type Compose = {
	readonly services: Readonly<Record<string, Service>>;
	readonly volumes: Readonly<Record<string, unknown>>;
	readonly secrets: Readonly<Record<string, {file: string}>>;
};
const compose = parsePlain(read('compose.yaml'), 'compose.yaml') as Compose;

test('every image is pinned to one version, and ours is built here', t => {
	const images = Object.values(compose.services).map(({image}) => image);
	const bases = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
	for (const image of [...images, ...bases]) if (image !== 'kedge') t.regex(image!, /^[\w./-]+:v?\d+\.\d+\.\d+(?:-\w+)*$/);
	t.is(compose.services.agent?.build, '.');
	const node = /^FROM node:(\d+)\./m.exec(read('Dockerfile'))?.[1];
	t.true(['20', '22', '24'].includes(node!), `Node ${node} is one that the tests run on`);
	t.is(manifest.engines.node, '>=20.19');
});

test('every file that the compose file mounts is there, every volume and secret is declared, and every port is of this machine only', t => {
	for (const [name, {volumes = [], ports = [], depends_on: needs = [], secrets = []}] of Object.entries(compose.services)) {
		for (const volume of volumes) {
			const [source = ''] = volume.split(':');
			if (source.startsWith('./')) t.true(existsSync(join(root, source)), `${name}: ${source}`);
			else t.true(Object.hasOwn(compose.volumes, source), `${name}: volume ${source}`);
		}
		for (const port of ports) t.regex(port, /^127\.0\.0\.1:\d+:\d+$/, name);
		for (const other of needs) t.true(Object.hasOwn(compose.services, other), `${name}: ${other}`);
		for (const secret of secrets) t.true(Object.hasOwn(compose.secrets, secret), `${name}: ${secret}`);
	}
});

test('the image runs as nobody in particular, from files that the build makes, and says that nobody ran it', t => {
	const text = read('Dockerfile');
	t.regex(text, /^# .*NOT RUN by us/m);
	t.regex(read('compose.yaml'), /^# .*NOT RUN by us/m);
	t.true(text.lastIndexOf('USER node') > text.lastIndexOf('FROM '));
	for (const [, words = ''] of text.matchAll(/^COPY --from=build (.+)$/gm))
		for (const path of words.split(' ').slice(0, -1)) {
			const here = path.replace('/app/', '');
			t.true(existsSync(join(root, here)), path);
		}
	for (const name of ['node_modules', 'dist', '**/*.key', 'secrets', 'test/fixtures'])
		t.true(read('.dockerignore').split('\n').includes(name), name);
});

test('the health of a container is whether its agent answers and is not frozen: a warning is for its owner, not for the engine', t => {
	const [, script = ''] = /^HEALTHCHECK .*\bCMD (.+)$/m.exec(read('Dockerfile')) ?? [];
	for (const [code, isWell] of [
		[0, true],
		[1, true],
		[3, false],
		[5, false],
	] as const) {
		const ran = spawnSync('sh', ['-c', `node() { return ${code}; }\n${script}`]);
		t.is(ran.status === 0, isWell, `exit code ${code} of kedge status`);
	}
});

test("docker-compose's own reading finds no mistake in the compose file", t => {
	if (placeOf('docker-compose') === undefined) {
		t.log('not run: Debian package docker-compose is not installed');
		t.pass();
		return;
	}
	const ran = spawnSync('docker-compose', ['--file', join(root, 'compose.yaml'), 'config', '--quiet'], {encoding: 'utf8', timeout: 60_000});
	t.is(ran.status, 0, ran.stderr);
});

/** Figures that the dashboard asks for. */
function dashboardMetrics(): readonly string[] {
	const {panels} = JSON.parse(read('docs/docker/grafana/dashboards/kedge.json')) as {panels: {targets: {expr: string}[]}[]};
	const names = panels.flatMap(({targets}) => targets.flatMap(({expr}) => expr.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? []));
	return [...new Set(names)].sort();
}

/** Whether the agent writes a figure under /metrics, by the files beside main.ts, one of which makes them. */
function isWritten(name: string, sources: string): boolean {
	if (sources.includes(`name: '${name}'`)) return true;
	// Counts of the log have one line for all of them.
	const counted = /^kedge_([a-z]+)_total$/.exec(name)?.[1];
	return counted !== undefined && /name: `kedge_\$\{name\}_total`/.test(sources) && sources.includes(`'${counted}'`);
}

test('the dashboard has panels with a title each, asks the data source that is provisioned, and for nothing that the agent does not write', t => {
	const dashboard = JSON.parse(read('docs/docker/grafana/dashboards/kedge.json')) as {
		readonly uid: string;
		readonly panels: readonly {
			readonly id: number;
			readonly title: string;
			readonly datasource: {readonly uid: string};
			readonly targets: readonly unknown[];
		}[];
	};
	t.is(dashboard.uid, 'kedge');
	t.is(new Set(dashboard.panels.map(({id}) => id)).size, dashboard.panels.length);
	t.is(new Set(dashboard.panels.map(({title}) => title)).size, dashboard.panels.length);
	const source = parsePlain(read('docs/docker/grafana/provisioning/datasources/prometheus.yml'), 'prometheus.yml') as {
		datasources: {uid: string}[];
	};
	for (const {datasource, targets, title} of dashboard.panels) {
		t.is(datasource.uid, source.datasources[0]!.uid, title);
		t.true(targets.length > 0, title);
	}
	const sources = readdirSync(join(root, 'agent'))
		.filter(name => name.endsWith('.ts'))
		.map(name => read(`agent/${name}`))
		.join('\n');
	t.true(dashboardMetrics().length > 10);
	for (const name of dashboardMetrics()) t.true(isWritten(name, sources), `the agent writes no ${name}`);
	for (const name of readdirSync(join(root, 'docs/docker')).filter(file => file.endsWith('.yml')))
		t.notThrows(() => parsePlain(read(`docs/docker/${name}`), name));
});

test('the flow for Node-RED is whole: every wire leads to a node, every node to its broker, and its code is code', t => {
	type Node = {
		readonly id: string;
		readonly type: string;
		readonly z?: string;
		readonly broker?: string;
		readonly wires?: readonly (readonly string[])[];
		readonly func?: string;
		readonly qos?: string;
		readonly retain?: string;
	};
	const flow = JSON.parse(read('docs/node-red/flow.json')) as readonly Node[];
	const byId = new Map(flow.map(node => [node.id, node]));
	t.is(byId.size, flow.length);
	for (const node of flow) {
		for (const target of (node.wires ?? []).flat()) t.true(byId.has(target), `${node.id} → ${target}`);
		if (node.type.startsWith('mqtt ')) t.is(byId.get(node.broker!)?.type, 'mqtt-broker', node.id);
		if (node.func !== undefined) t.notThrows(() => new Function('msg', node.func!), node.id);
		// What is to be kept needs an acknowledgement, and old state is no reading.
		if (node.type === 'mqtt out') t.deepEqual([node.qos, node.retain], ['1', 'false']);
	}
	const message = flow.find(({id}) => id === 'kedge-message')!;
	const made = new Function('msg', message.func!)({payload: 12.345}) as {topic: string; payload: string; qos: number};
	t.is(made.topic, 'meters/meter-1');
	t.regex(made.payload, /^\{"at":"\d{4}-\d\d-\d\dT[\d:.]+Z","energy_kwh":12\.345\}$/);
});
