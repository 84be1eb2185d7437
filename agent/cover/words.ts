// What a cover says, in English and in Chinese: the same sentences, side by side, so that neither says more than the other.

import type {PackageQuestion} from '../format/evidence-package.ts';
import type {CoverLanguage, SectionName} from './document.ts';

export type Words = {
	readonly title: string;
	readonly subtitle: (about: string, id: string, from: string, to: string) => string;
	readonly about: Readonly<Record<PackageQuestion['about'], string>>;
	readonly sections: Readonly<Record<SectionName, string>>;
	readonly head: {
		readonly log: string;
		readonly size: string;
		readonly root: string;
		readonly made: string;
		readonly anchored: string;
		readonly notAnchored: string;
	};
	readonly codeCaption: string;
	readonly footer: (origin: string, size: string) => string;
	readonly page: (page: number, pages: number) => string;
	readonly question: Readonly<Record<PackageQuestion['about'], (id: string, from: string, to: string) => string>>;
	readonly questionFacts: {readonly about: string; readonly id: string; readonly from: string; readonly to: string; readonly made: string};
	readonly answerBy: (ledger: string, version: number, entries: string) => string;
	readonly rowsElsewhere: (title: string, count: string) => string;
	readonly rowsNotAll: (shown: string, count: string) => string;
	readonly origin: {
		readonly lead: string;
		readonly devices: string;
		readonly deviceColumns: readonly string[];
		readonly noDevices: string;
		readonly channels: string;
		readonly channelColumns: readonly string[];
		readonly absent: (names: string) => string;
		readonly statements: string;
		readonly statementColumns: readonly string[];
		readonly clock: string;
		readonly clockLead: string;
		readonly startColumns: readonly string[];
		readonly starts: string;
		readonly steps: string;
		readonly stepColumns: readonly string[];
		/** `numbers`: of the first and the last entry of the agent in the package; what lies in front of them nobody sees there. */
		readonly noSteps: (first: string, last: string) => string;
		readonly noStarts: (first: string, last: string) => string;
		readonly between: (before: string, after: string) => string;
		readonly onlyAfter: (before: string) => string;
		readonly onlyBefore: (after: string) => string;
		readonly noBeacon: string;
		readonly block: (number: string, chain: string, time: string) => string;
		readonly none: string;
		readonly calibration: (number: string | undefined, from: string, to: string) => string;
	};
	readonly making: {
		readonly steps: readonly string[];
		readonly facts: {
			readonly program: string;
			readonly ledger: string;
			readonly verifier: string;
			readonly noVerifier: string;
			readonly arrivals: string;
			readonly arrivalsAll: string;
			readonly arrivalsCorrections: string;
		};
	};
	readonly unchanged: {
		readonly lead: string;
		readonly checkpoint: string;
		readonly facts: {readonly size: string; readonly root: string; readonly entries: string; readonly tally: string};
		readonly tallyYes: string;
		readonly tallyNo: string;
		readonly anchors: string;
		readonly anchorColumns: readonly string[];
		readonly noAnchors: string;
		readonly anchorText: string;
		readonly files: string;
		readonly fileColumns: readonly string[];
	};
	readonly missing: {
		readonly lead: string;
		readonly allThere: (channels: string) => string;
		readonly notAll: (channels: string) => string;
		readonly noTally: string;
		readonly counts: (gaps: string, silences: string) => string;
		readonly noGaps: string;
		readonly gapTable: string;
		readonly gapColumns: readonly string[];
		readonly gap: (numbers: string) => string;
		readonly silence: (length: string) => string;
		readonly gapRest: (shown: string, count: string) => string;
		readonly refusals: string;
		readonly refusalColumns: readonly string[];
		readonly refusalLead: (shown: string) => string;
		readonly noRefusals: string;
	};
	readonly witness: {
		readonly lead: string;
		readonly form: string;
		readonly statements: readonly string[];
		readonly blanks: readonly {readonly label: string; readonly isWide: boolean}[];
	};
	readonly check: {
		readonly steps: readonly string[];
		readonly lines: readonly string[];
		readonly after: readonly string[];
		/** Of the verify page; behind all else. */
		readonly page: string;
	};
	/** What covers of edition 1 say otherwise. */
	readonly firstEdition: {readonly noSteps: string; readonly noStarts: string};
	readonly limits: readonly string[];
	readonly rules: {
		readonly lead: string;
		readonly table: string;
		readonly columns: readonly string[];
		readonly rows: readonly (readonly string[])[];
	};
};

const english: Words = {
	title: 'Evidence from a signed log of readings',
	subtitle: (about, id, from, to) => `${about} ${id} · ${from} to ${to}`,
	about: {site: 'Site', shipment: 'Shipment', device: 'Device', certificates: 'Energy certificates of'},
	sections: {
		question: 'The question',
		answer: 'The answer',
		origin: 'Where the data come from',
		making: 'How the record was made and kept',
		unchanged: 'What is shown to be unchanged',
		missing: 'Gaps and refusals in the period',
		witness: 'Who can testify',
		check: 'How to check this package',
		limits: 'What this package does not show',
		rules: 'Rules of evidence, and where each is answered',
		rows: 'Annex: all rows of the answer',
	},
	head: {
		log: 'Log',
		size: 'Entries under the checkpoint',
		root: 'Root (SHA-256, Merkle tree)',
		made: 'Package made',
		anchored: 'anchored on a chain',
		notAnchored: 'not anchored on a chain yet',
	},
	codeCaption: 'The checkpoint: log, number of entries and root, with its signature',
	footer: (origin, size) =>
		`Evidence of ${origin} at ${size} entries. This page is a summary: what counts is the package, checked with kedge verify.`,
	page: (page, pages) => `Page ${page} of ${pages}`,
	question: {
		site: (id, from, to) => `What did the site “${id}” emit from ${from} to ${to}, and what is that account made of?`,
		shipment: (id, from, to) => `Was the shipment “${id}” kept within its limits from ${from} to ${to}, and in whose hands was it?`,
		device: (id, from, to) => `What did the device “${id}” report from ${from} to ${to}?`,
		certificates: (id, from, to) =>
			`Which energy certificates stand for what the device “${id}” counted from ${from} to ${to}, and who holds them?`,
	},
	questionFacts: {
		about: 'Asked about',
		id: 'Name in the log',
		from: 'From (included)',
		to: 'To (not included)',
		made: 'Package made (clock of its maker)',
	},
	answerBy: (ledger, version, entries) =>
		`Computed by the account “${ledger}”, version ${version}, from the ${entries} entries of this package and from nothing else. Whoever checks the package computes it again. Its numbers are shown to their last digit. Times are UTC.`,
	rowsElsewhere: (title, count) => `${title}: ${count} rows, in the annex.`,
	rowsNotAll: (shown, count) =>
		`The first ${shown} of ${count} rows. All are in manifest.json of the package; kedge verify FILE --csv TABLE writes them as a table.`,
	origin: {
		lead: 'Devices publish their readings by MQTT to an agent that runs beside them. What the log says of each device, and since when, is itself an entry of the log and in this package.',
		devices: 'Devices',
		deviceColumns: ['Device', 'What happened', 'When', 'Key of the device', 'Connection certificate (SHA-256)', 'Calibration'],
		noDevices:
			'The log says nothing of the devices beyond the names of their channels: no key, no certificate and no calibration is on record.',
		channels: 'Readings and what is counted of them',
		channelColumns: ['Channel', 'Quantity', 'Entries', 'Numbers', 'Last number by the tally', 'Readings that count: from', 'to'],
		absent: names => `Asked for, but not in the log (by the word of whoever made the package): ${names}.`,
		statements: 'What was stated of the account',
		statementColumns: ['Account', 'Number', 'Statement', 'When', 'Value', 'Entry'],
		clock: 'Clock',
		clockLead:
			'Three times are kept apart: the time that the device claims, the time of arrival by the agent’s clock, and the blocks of a chain between which entries were appended.',
		starts: 'Starts of the agent',
		startColumns: ['When', 'Version of the agent', 'Clock', 'Entry'],
		steps: 'Steps of the agent’s clock',
		stepColumns: ['When', 'Expected', 'Found', 'Clock', 'Entry'],
		noSteps: (first, last) => `No step of the agent’s clock is among its entries in this package, numbers ${first} to ${last}.`,
		noStarts: (first, last) => `No start of the agent is among its entries in this package, numbers ${first} to ${last}.`,
		between: (before, after) =>
			`As the agent’s node told it, the first reading was appended after ${before}, and the last one before ${after}.`,
		onlyAfter: before => `The first reading was appended after ${before}, as the agent’s node told it.`,
		onlyBefore: after => `The last reading was appended before ${after}, as the agent’s node told it.`,
		noBeacon: 'No block of a chain was recorded around the readings: that they are not older than they say rests on the agent’s clock.',
		block: (number, chain, time) => `block ${number} of chain ${chain} (${time})`,
		none: '–',
		calibration: (number, from, to) => `${number === undefined ? 'certificate' : `no. ${number}`}, ${from} to ${to}`,
	},
	making: {
		steps: [
			'A message arrives over MQTT. It is kept byte for byte, with its topic, the identity of the sender and the time of arrival.',
			'It is decoded into readings, one for each channel. What cannot be decoded, or is not allowed, is refused, counted, and kept apart with the reason.',
			'Each reading becomes an entry of 118 bytes with a random salt and the hash of the message that it came from.',
			'Entries are written to disk and synchronised in one transaction, together with a checkpoint of the whole log that is signed with Ed25519. Only then is the message acknowledged to the device.',
			'All entries are the leaves of one Merkle tree (SHA-256, RFC 9162). An entry that is changed, removed or put in later changes the root.',
			'Checkpoints are anchored on a chain. The contract there takes a new root only with a proof that the tree before it is unchanged.',
			'The answer is a pure computation over entries: it uses no clock, no setting and no chance.',
		],
		facts: {
			program: 'Program that made the package',
			ledger: 'Account that gave the answer',
			verifier: 'Verifier program (SHA-256, as the maker states it)',
			noVerifier: 'not stated',
			arrivals: 'Messages as they arrived',
			arrivalsAll: 'all that were kept are in the package',
			arrivalsCorrections: 'left out at the maker’s wish, but for those that correct a reading',
		},
	},
	unchanged: {
		lead: 'One proof leads from all entries of this package to the root below. Whoever trusts the root, because it was signed by the log’s key or stands on a chain, needs to trust nobody for the entries.',
		checkpoint: 'Signed checkpoint',
		facts: {size: 'Entries in the log', root: 'Root, base64', entries: 'Entries in this package', tally: 'Tally'},
		tallyYes: 'opened: it fixes the last number of each channel, so that an entry that was left out shows',
		tallyNo: 'none: nothing in this package shows that the channels did not go on',
		anchors: 'Anchors of this checkpoint',
		anchorColumns: ['Chain', 'Block', 'Time of the block', 'Transaction', 'Contract'],
		noAnchors: 'This checkpoint is on no chain yet. That nothing was changed before it rests on the log’s key alone.',
		anchorText: 'That an anchor is on the chain is checked with kedge verify --rpc, or by anybody who looks up the transaction.',
		files: 'Files of the package',
		fileColumns: ['File', 'Bytes', 'SHA-256', 'SM3'],
	},
	missing: {
		lead: 'Entries of a channel are numbered without a gap by the agent. What the agent never received, only the device’s own numbering or its silence can show.',
		allThere: channels =>
			`Of all ${channels} channels and accounts, every entry from the first in this package up to the last number of the tally is there: as the agent numbered them, nothing was left out.`,
		notAll: channels =>
			`Here the tally counts further entries behind the last one in the package, or does not know the channel: ${channels}.`,
		noTally: 'There is no tally: that the channels have no further entries of the period cannot be checked.',
		counts: (gaps, silences) =>
			`Noted in the log: jumps of a device’s own numbering, ${gaps}; silences beyond the cadence of a device, ${silences}.`,
		noGaps: 'The log notes no jump of a device’s own numbering and no silence beyond the cadence of a device on these channels.',
		gapTable: 'Jumps and silences',
		gapColumns: ['Channel', 'What is missing', 'Noted', 'Entry'],
		gap: numbers => `${numbers} numbers of the device`,
		silence: length => `silent for ${length}`,
		gapRest: (shown, count) => `The first ${shown} of ${count}.`,
		refusals: 'Refused messages of the whole log in the period',
		refusalColumns: ['Reason', 'Messages'],
		refusalLead: shown =>
			`Refused messages are not entries of the log: that these are all is the word of whoever made the package. ${shown} came from devices of this package and are in it as they arrived.`,
		noRefusals:
			'By the word of whoever made the package no message was refused in the period, as far as the agent still keeps refused messages.',
	},
	witness: {
		lead: 'No person has signed this page, and the program that made it knows nobody. Whoever knows how the agent was installed and run, or has checked the package, can fill in what follows and sign it. It describes a process; what follows from it is for the court.',
		form: 'Form for a certification',
		statements: [
			'I am familiar with the system described here by reason of my work, training or examination, as stated below.',
			'The readings were recorded by an electronic process that is described in sections 3 and 4. My grounds for saying that it produces an accurate result, tests and calibration included, are:',
			'I compared the files named in section 5 with the hash values given there, and ran the verifier of section 8 on the package. Program, version, date and result were:',
			'What I changed, left out or could not check is:',
			'My relation to the parties and to whoever runs the log is:',
			'Where this is made under 28 U.S.C. § 1746: I declare under penalty of perjury that the foregoing is true and correct.',
		],
		blanks: [
			{label: 'Grounds for accuracy', isWide: true},
			{label: 'Program, version, date and result of the check', isWide: true},
			{label: 'Changed, left out or not checked', isWide: true},
			{label: 'Relation to the parties', isWide: true},
			{label: 'Name', isWide: false},
			{label: 'Position and qualification', isWide: false},
			{label: 'Address', isWide: false},
			{label: 'Place and date', isWide: false},
			{label: 'Signature', isWide: false},
		],
	},
	check: {
		steps: [
			'Get the trust file of the log from somewhere you trust, not from whoever gave you the package. It holds the public key of the log and the contracts that you accept.',
			'Install the verifier on a computer of your own. It needs no agent, no account and no network.',
			'Run:',
		],
		lines: ['kedge verify FILE --trust trust.json'],
		after: [
			'It checks the files’ hashes, the signature, the proof of all entries, that no number is missing, and computes the answer again. It prints each check as pass, fail or skipped, and ends with code 0 only if nothing failed.',
			'To look at the chain as well, name a node that you trust: kedge verify FILE --trust trust.json --rpc URL',
			'The code on the first page holds the checkpoint as text. Compare it with a checkpoint that you have from elsewhere: with the same number of entries the root must be the same.',
		],
		page: 'Instead of the command, the verify page, verify.html, can be opened in a browser: one file that checks the package without a network or an installation. Get it from a source of your own as well, not from whoever gave you the package.',
	},
	firstEdition: {
		noSteps: 'No step of the agent’s clock is on record in this period.',
		noStarts: 'No start of the agent is on record in this period.',
	},
	limits: [
		'That a device measured what it should, where it should. Calibration and the place of a device are stated, and not measured by the log.',
		'When something was measured, beyond the device’s own word: only between which blocks it was appended is shown.',
		'What never reached the agent, unless the device numbers its messages or has a cadence.',
		'That refused messages are all there. They lie outside of the tree.',
	],
	rules: {
		lead: 'This is a guide to the page, and no opinion on the law of any case.',
		table: 'Where to look',
		columns: ['Rule', 'What it asks', 'Section'],
		rows: [
			[
				'FRE 902(13)',
				'A record generated by an electronic process that produces an accurate result, certified by a qualified person',
				'3, 4, 7',
			],
			['FRE 902(14)', 'Data copied from a device or file, authenticated by a process of digital identification (hash values)', '5, 7, 8'],
			['FRE 902(11)', 'Notice, and a fair chance to challenge: the package can be given to the other party as it is', '8'],
			[
				'Online Litigation Rules of the SPC (China), art. 16',
				'Technical check of agreement: unaltered since it was put on the chain',
				'5, 8',
			],
			['art. 17', 'Platform, interests, system and technique of storage', '4, 7'],
			['art. 18', 'Before the chain: source, generation, storage, third parties, corroboration', '3, 6'],
			['art. 19', 'Expert opinion: everything can be computed again', '8'],
		],
	},
};

const chineseText: Words = {
	title: '签名读数日志电子证据说明',
	subtitle: (about, id, from, to) => `${about} ${id} · ${from} 至 ${to}`,
	about: {site: '场所', shipment: '货运', device: '设备', certificates: '电能证书，设备'},
	sections: {
		question: '待证问题',
		answer: '结论',
		origin: '数据来源（上链前）',
		making: '生成机制与保存过程',
		unchanged: '经核验未改动的内容',
		missing: '期间内的缺口与拒收',
		witness: '可作说明的人',
		check: '如何核验本证据包',
		limits: '本证据包不能证明的事项',
		rules: '相关证据规则与对应部分',
		rows: '附件：结论的全部明细',
	},
	head: {
		log: '日志',
		size: '检查点所含条目数',
		root: '根哈希（SHA-256，默克尔树）',
		made: '制作时间',
		anchored: '已在区块链上锚定',
		notAnchored: '尚未在区块链上锚定',
	},
	codeCaption: '检查点：日志名称、条目数、根哈希及其签名',
	footer: (origin, size) => `${origin} 日志证据，检查点条目数 ${size}。本页仅为摘要，以 kedge verify 核验证据包的结果为准。`,
	page: (page, pages) => `第 ${page} 页，共 ${pages} 页`,
	question: {
		site: (id, from, to) => `场所“${id}”自 ${from} 至 ${to} 的排放量是多少，由哪些数据构成？`,
		shipment: (id, from, to) => `货运“${id}”自 ${from} 至 ${to} 是否始终处于规定限值之内，由谁保管？`,
		device: (id, from, to) => `设备“${id}”自 ${from} 至 ${to} 报告了哪些数据？`,
		certificates: (id, from, to) => `设备“${id}”自 ${from} 至 ${to} 计量的电能对应哪些证书，由谁持有？`,
	},
	questionFacts: {about: '对象', id: '日志中的名称', from: '起（含）', to: '止（不含）', made: '制作时间（以制作方时钟为准）'},
	answerBy: (ledger, version, entries) =>
		`由账目程序“${ledger}”第 ${version} 版仅根据本证据包内的 ${entries} 条条目计算得出，核验时重新计算。数字按账目所得逐位列出。时间均为协调世界时（UTC）。`,
	rowsElsewhere: (title, count) => `${title}：共 ${count} 行，见附件。`,
	rowsNotAll: (shown, count) =>
		`以上为 ${count} 行中的前 ${shown} 行。全部内容见证据包内 manifest.json；使用 kedge verify FILE --csv TABLE 可导出为表格。`,
	origin: {
		lead: '设备通过 MQTT 将读数发送给在其旁运行的代理程序。日志对各设备的登记及其起始时间本身即为日志条目，并包含在本证据包内。',
		devices: '设备',
		deviceColumns: ['设备', '登记事项', '时间', '设备公钥', '连接证书（SHA-256）', '校准'],
		noDevices: '除通道名称外，日志未登记这些设备的公钥、证书或校准情况。',
		channels: '读数及其计入范围',
		channelColumns: ['通道', '量', '条目数', '序号', '总账末号', '计入读数：起', '止'],
		absent: names => `结论需要、但据制作方称日志中没有的通道：${names}。`,
		statements: '对账目所作的声明',
		statementColumns: ['账目', '序号', '声明', '时间', '数值', '条目'],
		clock: '时钟',
		clockLead: '三种时间分别记录：设备声称的时间、以代理程序时钟为准的到达时间、以及条目写入时前后的区块。',
		starts: '代理程序的启动',
		startColumns: ['时间', '程序版本', '时钟状态', '条目'],
		steps: '代理程序时钟的跳变',
		stepColumns: ['时间', '应为', '实为', '时钟状态', '条目'],
		noSteps: (first, last) => `本证据包所含的代理程序条目（序号 ${first} 至 ${last}）中没有时钟跳变的记录。`,
		noStarts: (first, last) => `本证据包所含的代理程序条目（序号 ${first} 至 ${last}）中没有程序启动的记录。`,
		between: (before, after) => `据代理程序所用节点，首条读数写入于${before}之后，末条读数写入于${after}之前。`,
		onlyAfter: before => `据代理程序所用节点，首条读数写入于${before}之后。`,
		onlyBefore: after => `据代理程序所用节点，末条读数写入于${after}之前。`,
		noBeacon: '读数前后没有区块记录：读数不早于其所称时间，仅以代理程序的时钟为据。',
		block: (number, chain, time) => `链 ${chain} 的区块 ${number}（${time}）`,
		none: '–',
		calibration: (number, from, to) => `${number === undefined ? '证书' : `证书号 ${number}`}，${from} 至 ${to}`,
	},
	making: {
		steps: [
			'消息经 MQTT 到达，连同主题、发送者身份与到达时间逐字节保存。',
			'消息解码为读数，每个通道一条。无法解码或不被允许的，予以拒收、计数，并附原因另行保存。',
			'每条读数成为一条 118 字节的条目，含随机盐值以及来源消息的哈希。',
			'条目与整个日志的检查点（以 Ed25519 签名）在同一事务中写入磁盘并同步，此后才向设备确认收到。',
			'全部条目是同一棵默克尔树（SHA-256，RFC 9162）的叶节点。任何条目的更改、删除或事后插入都会改变根哈希。',
			'检查点锚定到区块链。链上合约只有在证明此前的树未改变时才接受新的根哈希。',
			'结论是对条目的纯计算，不使用时钟、设置或随机数。',
		],
		facts: {
			program: '制作证据包的程序',
			ledger: '得出结论的账目程序',
			verifier: '核验程序（SHA-256，制作方所称）',
			noVerifier: '未说明',
			arrivals: '到达时的原始消息',
			arrivalsAll: '所保存的全部在证据包内',
			arrivalsCorrections: '应制作方要求未附，仅附更正读数的消息',
		},
	},
	unchanged: {
		lead: '本证据包的全部条目经同一份证明指向下列根哈希。根哈希由日志密钥签名或记录在区块链上，信任根哈希者无须就条目信任任何人。',
		checkpoint: '签名检查点',
		facts: {size: '日志条目数', root: '根哈希（base64）', entries: '本证据包条目数', tally: '总账'},
		tallyYes: '已公开：它固定了各通道的末号，遗漏的条目会显现',
		tallyNo: '无：本证据包不能证明各通道没有后续条目',
		anchors: '该检查点的锚定',
		anchorColumns: ['链', '区块', '区块时间', '交易', '合约'],
		noAnchors: '该检查点尚未上链。此前内容未作改动，仅以日志密钥为据。',
		anchorText: '锚定是否在链上，可用 kedge verify --rpc 核验，任何人亦可自行查询该交易。',
		files: '证据包内的文件',
		fileColumns: ['文件', '字节数', 'SHA-256', 'SM3'],
	},
	missing: {
		lead: '每个通道的条目由代理程序连续编号。代理程序从未收到的内容，只能由设备自身的编号或其无数据的时段显示。',
		allThere: channels => `全部 ${channels} 个通道和账目，自证据包内首条至总账所载末号的每一条目均在包内：按代理程序的编号，没有遗漏。`,
		notAll: channels => `以下各项，总账载有证据包末条之后的条目，或总账没有该项：${channels}。`,
		noTally: '没有总账：各通道在期间内是否另有条目无法核验。',
		counts: (gaps, silences) => `日志记有设备自身编号跳变 ${gaps} 次、超过设备采集间隔的无数据 ${silences} 次。`,
		noGaps: '日志没有记录这些通道的设备编号跳变，也没有超过采集间隔的无数据。',
		gapTable: '跳变与无数据',
		gapColumns: ['通道', '缺失内容', '记录时间', '条目'],
		gap: numbers => `设备编号 ${numbers} 个`,
		silence: length => `无数据 ${length}`,
		gapRest: (shown, count) => `以上为 ${count} 项中的前 ${shown} 项。`,
		refusals: '期间内整个日志拒收的消息',
		refusalColumns: ['原因', '消息数'],
		refusalLead: shown => `拒收的消息不是日志条目，其是否齐全以制作方所称为准。其中 ${shown} 条来自本证据包的设备，按到达时原样附入。`,
		noRefusals: '据制作方称，在代理程序仍保存的范围内，期间内没有拒收消息。',
	},
	witness: {
		lead: '本页没有任何人签名，制作本页的程序也不认识任何人。了解代理程序安装与运行情况的人，或核验过本证据包的人，可填写以下内容并签名。说明只描述过程，结论由法院认定。',
		form: '电子数据说明书',
		statements: [
			'本人因工作、培训或检验而了解此处所述系统，情况如下。',
			'读数由第 3、4 部分所述的电子程序生成。其结果准确的依据（包括测试与校准）：',
			'本人已将第 5 部分所列文件与其哈希值核对，并对证据包运行第 8 部分的核验程序。程序、版本、日期与结果：',
			'更改、未附或未能核验的内容：',
			'存证方与当事人有无利害关系，存证系统的备案、等级保护及运行环境情况：',
			'本人保证以上说明属实，愿依法承担相应责任。',
		],
		blanks: [
			{label: '结果准确的依据', isWide: true},
			{label: '核验的程序、版本、日期与结果', isWide: true},
			{label: '更改、未附或未能核验的内容', isWide: true},
			{label: '利害关系与系统情况', isWide: true},
			{label: '姓名', isWide: false},
			{label: '职务与资质', isWide: false},
			{label: '住址', isWide: false},
			{label: '地点与日期', isWide: false},
			{label: '签名（盖章）', isWide: false},
		],
	},
	check: {
		steps: [
			'从可信的来源（而非提供证据包的一方）取得该日志的信任文件。其中载有日志公钥以及您所认可的合约。',
			'在自己的计算机上安装核验程序。核验不需要代理程序、账号或网络。',
			'运行：',
		],
		lines: ['kedge verify FILE --trust trust.json'],
		after: [
			'程序核验各文件的哈希、签名、全部条目的证明、编号有无遗漏，并重新计算结论。每项检查显示为 pass（通过）、fail（不通过）或 skipped（未检查）；仅在没有不通过时以代码 0 结束。',
			'如需同时查询区块链，请指定您信任的节点：kedge verify FILE --trust trust.json --rpc URL',
			'首页二维码以文本形式载有检查点，可与从他处取得的检查点比对：条目数相同时，根哈希必须相同。',
		],
		page: '也可不用上述命令，而用浏览器打开核验页 verify.html：该页为单个文件，无需网络或安装即可核验证据包。同样应从您自己的来源取得该文件，而非由提供证据包的一方提供。',
	},
	firstEdition: {noSteps: '期间内没有时钟跳变的记录。', noStarts: '期间内没有程序启动的记录。'},
	limits: [
		'设备是否在应测的位置正确测量。校准与设备位置为登记内容，日志并不测量。',
		'设备自述之外的测量时间：只能证明条目写入于哪些区块之间。',
		'从未到达代理程序的内容，除非设备对消息编号或有采集间隔。',
		'拒收消息是否齐全。它们不在树内。',
	],
	rules: {
		lead: '下表仅为阅读指引，不构成对任何案件的法律意见。',
		table: '对应部分',
		columns: ['规则', '要求', '部分'],
		rows: [
			['《人民法院在线诉讼规则》第十六条', '经技术核验一致：上链后未经篡改', '5、8'],
			['第十七条', '存证平台、利害关系、信息系统、存证技术与过程', '4、7'],
			['第十八条', '上链前：具体来源、生成机制、存储过程、第三方见证、关联印证数据', '3、6'],
			['第十九条', '专门问题的意见与鉴定：全部内容可重新计算', '8'],
			['美国联邦证据规则 902(13)', '由产生准确结果的电子程序生成的记录，经有资格的人证明', '3、4、7'],
			['美国联邦证据规则 902(14)', '以数字识别方法（哈希值）鉴真的复制数据', '5、7、8'],
			['美国联邦证据规则 902(11)', '通知对方并给予质疑机会：证据包可原样交给对方', '8'],
		],
	},
};

export const wordsOf: Readonly<Record<CoverLanguage, Words>> = {en: english, zh: chineseText};
