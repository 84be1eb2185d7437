// The unit with which systemd runs the agent: its text line by line, what systemd itself says of it, and what is refused.
import {readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {stateDirectoryOf, type UnitOptions, unitText, unitWordProblem} from '../../agent/systemd-unit.ts';
import {placeOf} from '../faults/packages.ts';
import {kedge, run, testFolder} from '../helpers/site.ts';

const options: UnitOptions = {
	logName: 'street-7',
	node: '/usr/bin/node',
	program: '/usr/lib/node_modules/kedge/dist/agent/cli/kedge.js',
	programFolders: ['/usr/lib/node_modules'],
	configPath: '/var/lib/kedge/kedge.yaml',
	directory: '/var/lib/kedge',
	user: undefined,
	memoryMiB: 512,
	writable: [],
	credentials: [],
	hasLowPort: false,
	watchdogSeconds: 120,
};

/** The unit without its comments and empty lines. */
const linesOf = (changes: Partial<UnitOptions>): readonly string[] =>
	unitText({...options, ...changes})
		.split('\n')
		.filter(line => line !== '' && !line.startsWith('#'));

test('the unit of a site below /var/lib is this, line by line', t => {
	t.deepEqual(linesOf({}), [
		'[Unit]',
		'Description=Kedge, the evidence log street-7',
		'Wants=network-online.target time-sync.target',
		'After=network-online.target time-sync.target',
		'StartLimitIntervalSec=600',
		'StartLimitBurst=20',
		'[Service]',
		'Type=notify',
		'NotifyAccess=all',
		'WatchdogSec=120',
		'ExecStart=/usr/bin/node /usr/lib/node_modules/kedge/dist/agent/cli/kedge.js run --config /var/lib/kedge/kedge.yaml',
		'WorkingDirectory=/var/lib/kedge',
		'Restart=always',
		'RestartSec=5',
		'RestartPreventExitStatus=2 5',
		'TimeoutStartSec=600',
		'TimeoutStopSec=60',
		'DynamicUser=yes',
		'StateDirectory=kedge',
		'StateDirectoryMode=0700',
		'UMask=0077',
		'ProtectSystem=strict',
		'ProtectHome=yes',
		'PrivateTmp=yes',
		'PrivateDevices=yes',
		'NoNewPrivileges=yes',
		'CapabilityBoundingSet=',
		'AmbientCapabilities=',
		'PrivateUsers=yes',
		'RestrictSUIDSGID=yes',
		'RestrictNamespaces=yes',
		'RestrictRealtime=yes',
		'LockPersonality=yes',
		'KeyringMode=private',
		'RemoveIPC=yes',
		'ProtectProc=invisible',
		'ProtectClock=yes',
		'ProtectHostname=yes',
		'ProtectKernelTunables=yes',
		'ProtectKernelModules=yes',
		'ProtectKernelLogs=yes',
		'ProtectControlGroups=yes',
		'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
		'SystemCallArchitectures=native',
		'SystemCallFilter=@system-service',
		'SystemCallFilter=~@privileged',
		'SystemCallErrorNumber=EPERM',
		'MemoryMax=512M',
		'TasksMax=64',
		'LimitNOFILE=65536',
		'LimitCORE=0',
		'[Install]',
		'WantedBy=multi-user.target',
	]);
});

const home = {directory: '/home/pi/site', configPath: '/home/pi/site/kedge.yaml', user: 'pi'};

/** What changes, the lines that come, and those that go. */
const changed: readonly (readonly [name: string, changes: Partial<UnitOptions>, come: readonly string[], go: readonly RegExp[]])[] = [
	[
		'a site with a user of its own is written to by that user only',
		{user: 'kedge', directory: '/srv/kedge', configPath: '/srv/kedge/kedge.yaml'},
		['User=kedge', 'ReadWritePaths=/srv/kedge', 'ProtectHome=yes'],
		[/^DynamicUser/, /^StateDirectory/],
	],
	[
		'of a home the service sees its site and its program and nothing else',
		{...home, programFolders: ['/home/pi/kedge'], node: '/home/pi/node/bin/node'},
		[
			'ProtectHome=tmpfs',
			'BindPaths=/home/pi/site',
			'BindReadOnlyPaths=/home/pi/kedge',
			'BindReadOnlyPaths=/home/pi/node/bin/node',
			'ReadWritePaths=/home/pi/site',
		],
		[/^ProtectHome=yes/],
	],
	['without systemd-notify nothing is awaited from the agent', {watchdogSeconds: undefined}, ['Type=exec'], [/^Watchdog/, /^NotifyAccess/]],
	[
		'a port below 1024 takes the one capability for it',
		{hasLowPort: true},
		['CapabilityBoundingSet=CAP_NET_BIND_SERVICE', 'AmbientCapabilities=CAP_NET_BIND_SERVICE'],
		[/^PrivateUsers/],
	],
	[
		'secrets come by systemd, encrypted ones too',
		{
			credentials: [
				{name: 'anchor-key', path: '/etc/kedge/key', isEncrypted: false},
				{name: 'other', path: '/etc/kedge/my key', isEncrypted: true},
			],
		},
		['LoadCredential=anchor-key:/etc/kedge/key', 'LoadCredentialEncrypted=other:"/etc/kedge/my key"'],
		[],
	],
	[
		'memory and further places are what was asked for',
		{memoryMiB: 300, writable: ['/mnt/a']},
		['MemoryMax=300M', 'ReadWritePaths=/mnt/a'],
		[],
	],
	[
		'what systemd would put something else in place of is written so that it stays',
		{configPath: '/var/lib/kedge/50% $HOME.yaml'},
		['ExecStart=/usr/bin/node /usr/lib/node_modules/kedge/dist/agent/cli/kedge.js run --config "/var/lib/kedge/50%% $$HOME.yaml"'],
		[],
	],
];

for (const [name, changes, come, go] of changed)
	test(name, t => {
		const lines = linesOf(changes);
		for (const line of come) t.true(lines.includes(line), line);
		for (const pattern of go)
			t.false(
				lines.some(line => pattern.test(line)),
				String(pattern),
			);
	});

test('only one folder right below /var/lib is a state directory', t => {
	t.is(stateDirectoryOf('/var/lib/kedge'), 'kedge');
	for (const path of ['/var/lib', '/var/lib/', '/var/lib/a/b', '/var/lib/private', '/var/lib/..', '/srv/kedge', '/var/lib/a b'])
		t.is(stateDirectoryOf(path), undefined, path);
});

test('a word that systemd would take apart is told', t => {
	t.is(unitWordProblem('/srv/a b%c$d'), undefined);
	for (const path of ['/srv/a\nUser=root', '/srv/"a"', "/srv/a'", '/srv/a\\b', '/srv/a:b', '/srv/\u007f'])
		t.truthy(unitWordProblem(path), path);
});

test('systemd itself takes the unit, and finds little that it could do to others', async t => {
	if (placeOf('systemd-analyze') === undefined) {
		t.log('not run: Debian package systemd is not installed');
		t.pass();
		return;
	}
	const folder = testFolder(t);
	const path = join(folder, 'kedge.service');
	for (const changes of [
		{},
		{...home, credentials: [{name: 'a', path: '/etc/a', isEncrypted: true}]},
		{hasLowPort: true, watchdogSeconds: undefined},
	]) {
		// A program that is not there would be all that it says.
		writeFileSync(path, unitText({...options, ...changes, node: process.execPath}));
		const verified = await run(t, 'systemd-analyze', ['verify', '--recursive-errors=no', path]);
		t.deepEqual(
			[verified.code, verified.out, verified.err.split('\n').filter(line => line.includes('kedge.service'))],
			[0, '', []],
			verified.err,
		);
	}
	writeFileSync(path, unitText({...options, node: process.execPath}));
	const judged = await run(t, 'systemd-analyze', ['security', '--offline=true', '--no-pager', path]);
	const exposure = /exposure level for kedge\.service: ([0-9.]+)/.exec(judged.out)?.[1];
	t.log(`exposure ${exposure} of 10`);
	t.true(Number(exposure) <= 2, judged.out);
});

test('the unit is written once, left alone when somebody changed it, and taken away again', async t => {
	const folder = testFolder(t);
	const site = join(folder, 'site');
	t.is((await kedge(t, ['init', site, '--name', 'street-7'])).code, 0);
	const {out: user} = await run(t, 'id', ['-un']);
	const units = join(folder, 'units');
	const words = ['--unit-directory', units, '--name', 'kedge-test'];
	const install = ['service', 'install', '--config', join(site, 'kedge.yaml'), '--user', user.trim(), ...words];
	const path = join(units, 'kedge-test.service');

	const dry = await kedge(t, [...install, '--dry-run']);
	t.is(dry.code, 0, dry.err);
	t.throws(() => statSync(path));

	const first = await kedge(t, install);
	t.is(first.code, 0, first.err);
	t.regex(first.out, /is written/);
	t.is(readFileSync(path, 'utf8'), dry.out);
	t.is(statSync(path).mode & 0o777, 0o644);
	t.true(dry.out.includes(`ReadWritePaths=${site}\n`));
	t.regex((await kedge(t, install)).out, /is as it should be/);

	writeFileSync(path, dry.out.replace('MemoryMax=512M', 'MemoryMax=1G'));
	const refused = await kedge(t, install);
	t.is(refused.code, 2);
	t.regex(refused.err, /line \d+ is "MemoryMax=1G" and would be "MemoryMax=512M"/);
	t.regex(readFileSync(path, 'utf8'), /MemoryMax=1G/);
	t.is((await kedge(t, [...install, '--force'])).code, 0);
	t.is(readFileSync(path, 'utf8'), dry.out);

	const shown = await kedge(t, ['service', 'show', ...words]);
	t.true(shown.out.startsWith(dry.out));
	const gone = await kedge(t, ['service', 'uninstall', ...words]);
	t.is(gone.code, 0, gone.err);
	t.throws(() => statSync(path));
	t.true(statSync(join(site, 'log.db')).isFile());

	writeFileSync(path, '[Service]\n');
	t.is((await kedge(t, ['service', 'uninstall', ...words])).code, 2);
	t.is(readFileSync(path, 'utf8'), '[Service]\n');
});

test('what cannot be a service is refused with a sentence, and nothing is written', async t => {
	const folder = testFolder(t);
	const site = join(folder, 'site');
	t.is((await kedge(t, ['init', site, '--name', 'street-7'])).code, 0);
	const config = join(site, 'kedge.yaml');
	const {out: user} = await run(t, 'id', ['-un']);
	const wrong: readonly (readonly [readonly string[], RegExp])[] = [
		[[], /not right below \/var\/lib: name the user/],
		[['--user', 'no such'], /"no such" is no user's name/],
		[['--user', 'kedge-nobody-has-this'], /there is no user kedge-nobody-has-this/],
		[['--user', user.trim(), '--memory', '64'], /64 is less than the 192 MiB/],
		[['--user', user.trim(), '--name', '../x'], /is no name for a unit/],
		[['--user', user.trim(), '--credential', 'a'], /is not NAME:PATH/],
		[['--user', user.trim(), '--credential', 'a:/b'], /nothing in the config has credential:a/],
		[['--user', user.trim(), '--write', '/a\nUser=root'], /has a control character/],
	];
	for (const [words, said] of wrong) {
		const ran = await kedge(t, ['service', 'install', '--config', config, '--unit-directory', join(folder, 'units'), ...words]);
		t.is(ran.code, 2, words.join(' '));
		t.regex(ran.err, said);
	}
	t.throws(() => statSync(join(folder, 'units')));
	const missing = await kedge(t, ['service', 'show', '--unit-directory', folder]);
	t.is(missing.code, 2);
	t.regex(missing.err, /there is no unit/);
});
