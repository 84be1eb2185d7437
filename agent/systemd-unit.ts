// Turns what a service is to be allowed into the text of its systemd unit, line by line, with the reason of each group beside it.

/** What can be known of a site and of this program before anything is written. Every path is absolute. */
export type UnitOptions = {
	/** The log's name, for people. */
	readonly logName: string;
	/** The program that runs programs of ours. */
	readonly node: string;
	/** The compiled command line. */
	readonly program: string;
	/** What the program needs to be able to read: itself and its packages. */
	readonly programFolders: readonly string[];
	readonly configPath: string;
	readonly directory: string;
	/** The user that it runs as; undefined for one that systemd makes up while it runs, which needs a directory below /var/lib. */
	readonly user: string | undefined;
	readonly memoryMiB: number;
	/** More that it may write: where backups go. */
	readonly writable: readonly string[];
	/** Secrets that systemd reads, and decrypts, for it. */
	readonly credentials: readonly {readonly name: string; readonly path: string; readonly isEncrypted: boolean}[];
	/** Ports below 1024 need a capability. */
	readonly hasLowPort: boolean;
	/** With systemd-notify the agent says when it is ready and that it still answers; undefined where there is none. */
	readonly watchdogSeconds: number | undefined;
};

/** Where the directory must lie for a user that systemd makes up [systemd.exec(5), DynamicUser, StateDirectory]. */
const stateRoot = '/var/lib/';

/** The one folder name below /var/lib that the directory is; undefined for any other place. */
export function stateDirectoryOf(directory: string): string | undefined {
	const name = directory.startsWith(stateRoot) ? directory.slice(stateRoot.length) : '';
	return /^[A-Za-z0-9_.-]+$/.test(name) && !name.startsWith('.') && name !== 'private' ? name : undefined;
}

/** Homes are hidden from the service, except for what of it lies in one. */
const homes = ['/home/', '/root/', '/run/user/'];
const isInHome = (path: string): boolean => homes.some(home => `${path}/`.startsWith(home));

/** What is wrong with a word in a unit: systemd would take it apart, or put something else in its place. */
export function unitWordProblem(word: string): string | undefined {
	if (/[\u0000-\u001f\u007f]/.test(word)) return 'has a control character';
	if (/["'\\]/.test(word)) return 'has a quotation mark or a backslash';
	if (word.includes(':')) return 'has a colon, which parts names in a unit';
	return undefined;
}

/** A word of a unit: a percent sign is doubled, since a single one begins a specifier; one with a space is quoted. */
function word(text: string): string {
	const doubled = text.replaceAll('%', '%%');
	return /[\s;#]/.test(doubled) ? `"${doubled}"` : doubled;
}

/** In a command line a dollar sign would begin a variable, too. */
const commandWord = (text: string): string => word(text.replaceAll('$', '$$$$'));

/** How every unit of ours begins, by which it is known again. */
export const unitMark = '# Made by kedge service install.';

/** The same options give the same text, byte for byte: that is how a unit that somebody changed is told. */
export function unitText(options: UnitOptions): string {
	const {directory, user, programFolders, credentials, memoryMiB, watchdogSeconds} = options;
	const stateDirectory = user === undefined ? stateDirectoryOf(directory) : undefined;
	const hidden = [directory, ...programFolders, options.node, ...options.writable].filter(isInHome);
	const writable = [...(stateDirectory === undefined ? [directory] : []), ...options.writable];
	const capability = options.hasLowPort ? 'CAP_NET_BIND_SERVICE' : '';
	const lines: readonly (string | readonly string[])[] = [
		`${unitMark} It makes the same text again, and leaves a file alone that somebody changed.`,
		'[Unit]',
		`Description=Kedge, the evidence log ${word(options.logName)}`,
		'# A clock that is set before the first reading marks fewer of them as doubtful.',
		'Wants=network-online.target time-sync.target',
		'After=network-online.target time-sync.target',
		'# One that fails as soon as it starts stays down after 20 times in 10 minutes: starting wears a card out, and somebody has to look.',
		'StartLimitIntervalSec=600',
		'StartLimitBurst=20',
		'',
		'[Service]',
		...(watchdogSeconds === undefined
			? ['# There is no systemd-notify here: that the program was started is all that systemd knows.', 'Type=exec']
			: [
					'# The agent says by systemd-notify, a process of its own, when devices can come, and that it still answers; one that does not is killed and started again.',
					'Type=notify',
					'NotifyAccess=all',
					`WatchdogSec=${watchdogSeconds}`,
				]),
		`ExecStart=${commandWord(options.node)} ${commandWord(options.program)} run --config ${commandWord(options.configPath)}`,
		`WorkingDirectory=${word(directory)}`,
		'Restart=always',
		'RestartSec=5',
		'# 2: the config or a file is wrong. 5: the log is frozen. Neither gets better by starting again; a person has to look.',
		'RestartPreventExitStatus=2 5',
		'TimeoutStartSec=600',
		'TimeoutStopSec=60',
		'',
		'# Who it is, and what it may write.',
		...(stateDirectory === undefined
			? [`User=${user}`]
			: ['DynamicUser=yes', `StateDirectory=${stateDirectory}`, 'StateDirectoryMode=0700']),
		'UMask=0077',
		'ProtectSystem=strict',
		...(writable.length === 0 ? [] : [`ReadWritePaths=${writable.map(word).join(' ')}`]),
		...(hidden.length === 0
			? ['ProtectHome=yes']
			: [
					'ProtectHome=tmpfs',
					...[directory, ...options.writable].filter(isInHome).map(path => `BindPaths=${word(path)}`),
					...[...programFolders, options.node].filter(isInHome).map(path => `BindReadOnlyPaths=${word(path)}`),
				]),
		'PrivateTmp=yes',
		'PrivateDevices=yes',
		...credentials.map(
			({name, path, isEncrypted}) => `${isEncrypted ? 'LoadCredentialEncrypted' : 'LoadCredential'}=${name}:${word(path)}`,
		),
		'',
		'# What it may become: nothing more than it is.',
		'NoNewPrivileges=yes',
		`CapabilityBoundingSet=${capability}`,
		`AmbientCapabilities=${capability}`,
		...(options.hasLowPort ? [] : ['PrivateUsers=yes']),
		'RestrictSUIDSGID=yes',
		'RestrictNamespaces=yes',
		'RestrictRealtime=yes',
		'LockPersonality=yes',
		'KeyringMode=private',
		'RemoveIPC=yes',
		'',
		'# What of the machine it sees and calls. It reads /proc/sys and /proc/meminfo; netlink is how the C library looks at the addresses of this machine.',
		'ProtectProc=invisible',
		'ProtectClock=yes',
		'ProtectHostname=yes',
		'ProtectKernelTunables=yes',
		'ProtectKernelModules=yes',
		'ProtectKernelLogs=yes',
		'ProtectControlGroups=yes',
		'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
		'# No MemoryDenyWriteExecute: the JavaScript engine writes the code that it runs.',
		'SystemCallArchitectures=native',
		'SystemCallFilter=@system-service',
		'SystemCallFilter=~@privileged',
		'SystemCallErrorNumber=EPERM',
		'',
		'# How much it may take. A core file would hold keys.',
		`MemoryMax=${memoryMiB}M`,
		'TasksMax=64',
		'LimitNOFILE=65536',
		'LimitCORE=0',
		'',
		'[Install]',
		'WantedBy=multi-user.target',
		'',
	];
	return lines.flat().join('\n');
}
