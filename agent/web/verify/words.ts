// Everything that the page says in its own words, in both languages. What files say is quoted as it stands.

import type {Completeness, Strength, Verdict} from '../../verify/verdict.ts';
import type {Language} from '../language.ts';
import type {DetailName} from './job.ts';

export type Words = {
	readonly title: string;
	readonly lead: string;
	readonly language: string;
	readonly file: {readonly title: string; readonly hint: string; readonly change: string};
	readonly trust: {readonly title: string; readonly hint: string; readonly change: string; readonly logs: (count: number) => string};
	readonly dropHere: string;
	readonly promise: string;
	readonly waitingTrust: string;
	readonly waitingFile: string;
	readonly checking: string;
	readonly checkingPart: (percent: number) => string;
	readonly cancel: string;
	readonly cancelled: string;
	readonly trustProblem: (reason: string) => string;
	readonly manyFiles: string;
	readonly wasTrust: string;
	readonly tooLarge: (length: string, max: string) => string;
	readonly tooLargeDocument: string;
	readonly empty: string;
	readonly unreadable: string;
	readonly oldBrowser: string;
	readonly cannotTell: string;
	readonly answers: Readonly<
		Record<'final' | 'anchored' | 'stamped' | 'committed' | 'bad' | 'otherLog' | 'notOurs' | 'broken', readonly [string, string]>
	>;
	/** Of a record that stands on chains with these numbers. */
	readonly onChains: (chains: string) => string;
	/** Behind it, where a node that was asked was believed. */
	readonly nodeBelieved: string;
	readonly developmentChains: (chains: string) => string;
	readonly firstFailure: string;
	readonly documents: Readonly<Record<Verdict['document'], string>>;
	readonly strengths: Readonly<Record<Strength, string>>;
	/** What a package is about. */
	readonly subjects: Readonly<Record<'device' | 'shipment' | 'site' | 'certificates', string>>;
	readonly says: string;
	readonly claims: string;
	readonly claimsHint: string;
	readonly checks: string;
	readonly checksHint: string;
	readonly results: Readonly<Record<'pass' | 'fail' | 'skipped', string>>;
	readonly counts: (pass: number, fail: number, skipped: number) => string;
	readonly exact: string;
	readonly details: Readonly<Record<DetailName, string>>;
	readonly labels: Readonly<Record<LabelName, string>>;
	readonly anchors: string;
	readonly noAnchors: string;
	readonly anchorStates: Readonly<Record<'final-proof' | 'final-node' | 'mined' | 'pinned' | 'claimed-proven' | 'claimed', string>>;
	readonly stampStates: Readonly<Record<'checked' | 'claimed', string>>;
	readonly when: string;
	readonly whenLead: string;
	readonly notBefore: string;
	readonly notAfter: string;
	readonly unknownBound: string;
	readonly bounds: Readonly<Record<'pinned' | 'node' | 'authority' | 'claimed', string>>;
	readonly boundBlock: (number: number, chain: number) => string;
	readonly boundStamp: (authority: string) => string;
	readonly contradiction: string;
	readonly measuring: string;
	readonly readings: string;
	readonly readingsCount: (shown: number, count: number) => string;
	readonly saveCsv: string;
	readonly columns: Readonly<Record<string, string>>;
	readonly complete: Readonly<Record<Completeness['state'], string>>;
	readonly cautions: {readonly later: string; readonly epoch: string; readonly absent: string; readonly open: (time: string) => string};
	readonly node: {
		readonly title: string;
		readonly lead: string;
		readonly url: string;
		readonly ask: string;
		readonly asking: string;
		readonly notUrl: string;
		readonly found: (blocks: number, host: string) => string;
		readonly contradicted: (host: string) => string;
		readonly notFinal: (host: string) => string;
		readonly otherChain: (chain: number, wanted: string) => string;
		readonly silent: (reason: string) => string;
	};
	readonly machine: string;
	readonly answer: string;
	readonly wholeAnswer: string;
	readonly items: (count: number) => string;
	readonly yes: string;
	readonly no: string;
	readonly by: {readonly device: string; readonly agent: string; readonly maker: string};
	readonly notShown: string;
	readonly notLooked: string;
	readonly size: (size: number) => string;
	readonly foot: string;
};

export type LabelName =
	| 'log'
	| 'channel'
	| 'kind'
	| 'measured'
	| 'arrived'
	| 'number'
	| 'quality'
	| 'topic'
	| 'sentBy'
	| 'payload'
	| 'content'
	| 'signedBy'
	| 'corrects'
	| 'reason'
	| 'body'
	| 'device'
	| 'key'
	| 'calibration'
	| 'owner'
	| 'period'
	| 'entries'
	| 'readings'
	| 'first'
	| 'last'
	| 'rise'
	| 'exceptions'
	| 'corrected'
	| 'complete'
	| 'missing'
	| 'gaps'
	| 'silences'
	| 'reader'
	| 'purpose'
	| 'made'
	| 'question'
	| 'program'
	| 'absent'
	| 'refused'
	| 'transaction'
	| 'registry'
	| 'block'
	| 'blockHash'
	| 'time'
	| 'signer';

const [enCount, zhCount] = ['en-GB', 'zh-CN'].map(locale => {
	const format = new Intl.NumberFormat(locale);
	return (count: number): string => format.format(count);
}) as [(count: number) => string, (count: number) => string];

const english: Words = {
	title: 'Check a proof',
	lead: 'Drop a file that somebody gave you. This page tells you whether it is what the log recorded, and what you still have to believe.',
	language: 'Language',
	file: {title: 'The file to check', hint: 'A receipt, a history, a disclosure or an evidence package', change: 'Choose another file'},
	trust: {
		title: 'Your trust file',
		hint: 'Says whose log you believe. Get it from somebody you trust, not from whoever gave you the file.',
		change: 'Choose another trust file',
		logs: count => `Names ${count} ${count === 1 ? 'log' : 'logs'}. Forgotten when you close the page.`,
	},
	dropHere: 'Drop it here, or choose',
	promise:
		'Works without a network. Your files stay in this browser; nothing is sent anywhere, unless you type the address of a node below a result, and then only numbers of blocks are asked for.',
	waitingTrust: 'Now add your trust file: without it nobody can say whose word this is.',
	waitingFile: 'Now add the file to check.',
	checking: 'Checking …',
	checkingPart: percent => `Checking … ${percent} %`,
	cancel: 'Cancel',
	cancelled: 'Cancelled. Nothing was found out.',
	trustProblem: reason => `This is not a trust file: ${reason}.`,
	manyFiles: 'Several files were dropped. One is checked at a time: this is the first.',
	wasTrust: 'That was a trust file: it was taken as your trust file, and not checked.',
	tooLarge: (length, max) => `The file has ${length}. More than ${max} is not checked here.`,
	tooLargeDocument: 'The command line can check it: kedge verify FILE --trust trust.json',
	empty: 'The file is empty.',
	unreadable: 'The file could not be read to its end. Was it moved, changed or taken away?',
	oldBrowser: 'This browser has no Ed25519 signatures, so it can check nothing. Use a current Firefox, Chrome, Edge or Safari.',
	cannotTell: 'Not checked',
	answers: {
		final: ['Good', 'It is what the log recorded. That record stands on a chain outside of the log, in a block that is final there.'],
		anchored: [
			'Good',
			'It is what the log recorded, and that record stands outside of the log as well: it cannot show you one history and somebody else another there.',
		],
		stamped: [
			'Good',
			'It is what the log recorded, and a time-stamp authority saw that record: it was not made later. The log may have had another history stamped as well.',
		],
		committed: [
			'Good, but only by the log’s own word',
			'It is what the log recorded and signed. Nothing that this page could check outside of the log vouches for it: whoever holds the key of the log could have made another history.',
		],
		bad: ['Not good', 'Do not rely on this file: what it says is a claim and no more.'],
		otherLog: [
			'Not good: of another log',
			'This file is of a log that your trust file does not name, so nothing says whose word it is. You may have the wrong trust file, or somebody else made the file.',
		],
		notOurs: ['Not a file of ours', 'This is no receipt, history, disclosure or evidence package, or its beginning is damaged.'],
		broken: [
			'Not good: the file is not whole',
			'It was cut off, damaged or changed on its way, or somebody altered it on purpose. Ask its maker for it again, and by another way than the one on which it came.',
		],
	},
	onChains: chains =>
		`It is chain ${chains}: whoever runs the log cannot change that record there unseen, unless that chain itself can be made anew.`,
	nodeBelieved: 'That this block is the chain’s, and final, is the word of the node that you asked: it was believed.',
	developmentChains: chains =>
		`It is chain ${chains}: by its number a development chain, which anyone runs on a machine of his own and can make anew at will. Such an anchor proves nothing to others.`,
	firstFailure: 'Why',
	documents: {receipt: 'Receipt', history: 'History', disclosure: 'Disclosure', package: 'Evidence package', unknown: 'Unknown file'},
	strengths: {none: 'nothing shown', committed: 'committed', anchored: 'anchored', final: 'final'},
	subjects: {device: 'Device', shipment: 'Shipment', site: 'Emissions of', certificates: 'Energy certificates of'},
	says: 'What the file says',
	claims: 'What the file claims',
	claimsHint: 'None of this is shown to be so.',
	checks: 'What was checked',
	checksHint: 'Unfold a check for the exact words of the verifier, and the bytes.',
	results: {pass: 'passed', fail: 'failed', skipped: 'not checked'},
	counts: (pass, fail, skipped) => `${pass} passed, ${fail} failed, ${skipped} not checked`,
	exact: 'Verifier',
	details: {
		length: 'Bytes',
		sha256: 'SHA-256 of the file',
		entry: 'Entry (118 bytes each)',
		leaf: 'Leaf hash',
		index: 'Index',
		path: 'Path',
		root: 'Root (base64)',
		note: 'Signed note',
		key: 'Key in your trust file',
		message: 'Message',
		proof: 'Proof',
	},
	labels: {
		log: 'Log',
		channel: 'Channel',
		kind: 'Kind',
		measured: 'Measured',
		arrived: 'Arrived',
		number: 'Number',
		quality: 'Marks',
		topic: 'Topic',
		sentBy: 'Sent by',
		payload: 'Message',
		content: 'Content',
		signedBy: 'Signed by',
		corrects: 'Corrects',
		reason: 'Reason',
		body: 'Says',
		device: 'Device',
		key: 'Key',
		calibration: 'Calibration',
		owner: 'Owner',
		period: 'Period',
		entries: 'Entries',
		readings: 'Readings',
		first: 'First',
		last: 'Last',
		rise: 'Rise',
		exceptions: 'Impossible readings',
		corrected: 'Corrected',
		complete: 'Complete',
		missing: 'Missing numbers',
		gaps: 'Gaps noted',
		silences: 'Silences noted',
		reader: 'Made for',
		purpose: 'Purpose',
		made: 'Made',
		question: 'Question',
		program: 'Made by',
		absent: 'Said to be absent',
		refused: 'Refused messages',
		transaction: 'Transaction',
		registry: 'Registry',
		block: 'Block',
		blockHash: 'Block hash',
		time: 'Time',
		signer: 'Certificate',
	},
	anchors: 'Anchors outside of the log',
	noAnchors: 'The file names none. It may have been made before one covered it: ask for it again later.',
	anchorStates: {
		'final-proof': 'Shown: the proof in the file leads to a block that you trust.',
		'final-node': 'Shown: a node says that this block is final.',
		mined: 'A node has this block, and the chain may still take it back.',
		pinned: 'Your trust file has seen this anchor. Block and transaction are the word of the file.',
		'claimed-proven':
			'The proof in the file fits this block. That the block is the chain’s is still to be believed: anyone can make one that fits. Ask a node below, or compare the block hash with a block explorer.',
		claimed: 'The word of the file: nothing here shows it.',
	},
	stampStates: {checked: 'Shown: by an authority of your trust file.', claimed: 'The word of the file: not checked.'},
	when: 'When it was recorded',
	whenLead: 'Bounds on when the log took it in.',
	notBefore: 'Not before',
	notAfter: 'Not after',
	unknownBound: 'not shown',
	bounds: {
		pinned: 'checked: you trust that block',
		node: 'checked with a node',
		authority: 'checked: an authority of your trust file',
		claimed: 'the word of the file',
	},
	boundBlock: (number, chain) => `block ${number} of chain ${chain}`,
	boundStamp: authority => `time stamp of ${authority}`,
	contradiction: 'These bounds contradict each other: one of their clocks is wrong.',
	measuring: 'When it was measured is the word of the device: nothing bounds that.',
	readings: 'Entries',
	readingsCount: (shown, count) =>
		shown === count ? `${enCount(count)} entries` : `The first ${enCount(shown)} of ${enCount(count)} entries`,
	saveCsv: 'Save all as a table (CSV)',
	columns: {
		number: 'No.',
		index: 'Index',
		kind: 'Kind',
		quantity: 'Quantity',
		value: 'Value',
		unit: 'Unit',
		measuredAt: 'Measured (UTC)',
		arrivedAt: 'Arrived (UTC)',
		qualities: 'Marks',
		inPeriod: 'In period',
		corrects: 'Corrects',
		correctedBy: 'Corrected by',
	},
	complete: {
		complete: 'Yes, as the agent numbered it, until it was counted',
		incomplete: 'No: entries are missing',
		'later-unknown': 'Not known: nothing is missing in between, but there may be later entries',
		'crosses-epoch': 'Cannot be shown: the log began anew, and what came before is not here',
	},
	cautions: {
		later: 'What its maker may have left out behind the last entries nobody can see: no count of the log covers it.',
		epoch: 'The log began anew, and what was lost then nobody can see.',
		absent: 'Part of what the answer asks for is not here. That the log does not have it is only the word of its maker.',
		open: time => `The period was not over when this was counted, ${time}: what came later is not in it.`,
	},
	node: {
		title: 'Ask a node of the chain',
		lead: 'If you trust a node, it can say whether these blocks are the chain’s. Only then does this page use the network: it asks that address for the chain and for the numbers of the blocks, and tells it nothing of the file.',
		url: 'Address of the node (RPC)',
		ask: 'Ask',
		asking: 'Asking …',
		notUrl: 'That is no address of a node: it begins with https://, or with http:// on this machine.',
		found: (blocks, host) =>
			`${host} says that ${blocks === 1 ? 'this block is' : `${blocks} of these blocks are`} final. You now trust ${blocks === 1 ? 'it' : 'them'} for this visit.`,
		contradicted: host => `${host} has another block at this place.`,
		notFinal: host => `${host} does not call this block final yet. Ask again later.`,
		otherChain: (chain, wanted) => `That node is of chain ${chain}; the file names chain ${wanted}.`,
		silent: reason => `The node did not answer as nodes do: ${reason}`,
	},
	machine: 'The whole verdict, for programs',
	answer: 'The answer',
	wholeAnswer: 'All of the answer',
	items: count => `${enCount(count)} ${count === 1 ? 'item' : 'items'}`,
	yes: 'yes',
	no: 'no',
	by: {device: 'by the device’s clock', agent: 'by the agent’s clock', maker: 'by the maker’s word'},
	notShown: 'not shown in this file',
	notLooked: 'This was not looked at, or could not be. Unfold it for the reason.',
	size: size => `${enCount(size)} entries in all`,
	foot: 'The same checks as kedge verify, in this page. Save the page and it works from your disk.',
};

const chinese: Words = {
	title: '核验证据',
	lead: '放入他人交给您的文件，本页告诉您它是否就是日志所记录的内容，以及还有哪些需要您相信。',
	language: '语言',
	file: {title: '待核验的文件', hint: '回执、历史、披露文件或证据包', change: '另选文件'},
	trust: {
		title: '您的信任文件',
		hint: '写明您相信谁的日志。请从可信的人处取得，而不是从提供待核验文件的一方。',
		change: '另选信任文件',
		logs: count => `载有 ${count} 个日志。关闭页面即被忘记。`,
	},
	dropHere: '拖放到此处，或点击选择',
	promise: '无需网络。您的文件只留在本浏览器中，不会发送到任何地方；只有当您在结果下方填写节点地址时，才会向该节点查询区块号。',
	waitingTrust: '请再放入您的信任文件：没有它，无从得知这是谁所说。',
	waitingFile: '请再放入待核验的文件。',
	checking: '正在核验……',
	checkingPart: percent => `正在核验…… ${percent}%`,
	cancel: '取消',
	cancelled: '已取消，没有得出结果。',
	trustProblem: reason => `这不是信任文件：${reason}`,
	manyFiles: '放入了多个文件。一次只核验一个，以下为第一个。',
	wasTrust: '那是信任文件：已用作您的信任文件，没有核验。',
	tooLarge: (length, max) => `文件有 ${length}，超过 ${max} 的不在此核验。`,
	tooLargeDocument: '可用命令行核验：kedge verify FILE --trust trust.json',
	empty: '文件是空的。',
	unreadable: '文件未能读完。是否被移动、更改或取走？',
	oldBrowser: '本浏览器没有 Ed25519 签名，无法核验。请使用新版 Firefox、Chrome、Edge 或 Safari。',
	cannotTell: '未核验',
	answers: {
		final: ['可信', '它就是日志所记录的内容。该记录已在日志之外一条链的最终区块中。'],
		anchored: ['可信', '它就是日志所记录的内容，且该记录在日志之外另有留存：日志无法在那里对不同的人出示不同的历史。'],
		stamped: ['可信', '它就是日志所记录的内容，且时间戳机构当时见过该记录：它不是事后制作的。但日志也可能为另一份历史取得过时间戳。'],
		committed: [
			'可信，但仅凭日志自身',
			'它就是日志所记录并签名的内容。除日志自身外，在本页能够核验的范围内，日志之外没有任何佐证：持有日志密钥的一方可能制作了另一份历史。',
		],
		bad: ['不可信', '请勿依赖本文件：其内容仅为一方所称。'],
		otherLog: [
			'不可信：属于另一日志',
			'您的信任文件没有列出本文件所属的日志，因此无从得知这是谁所说。可能是信任文件有误，也可能是他人制作了本文件。',
		],
		notOurs: ['不是 Kedge 的文件', '它不是回执、历史、披露文件或证据包，或者其开头已损坏。'],
		broken: ['不可信：文件不完整', '文件在传递中被截断、损坏或改动，也可能被人蓄意篡改。请通过另一途径向制作方重新索取。'],
	},
	onChains: chains => `这条链的链号为 ${chains}：除非该链本身可被重造，运行日志的一方无法在那里悄然更改该记录。`,
	nodeBelieved: '该区块属于那条链且已最终确定，是您所查询的节点所称，本页予以采信。',
	developmentChains: chains =>
		`这条链的链号为 ${chains}，属于开发链：任何人都可在自己的机器上运行并随意重造，这样的锚定对他人不能证明什么。`,
	firstFailure: '原因',
	documents: {receipt: '回执', history: '历史', disclosure: '披露文件', package: '证据包', unknown: '未知文件'},
	strengths: {none: '未得到证明', committed: '已签名', anchored: '已锚定', final: '已最终确定'},
	subjects: {device: '设备', shipment: '货运', site: '排放：', certificates: '能源证书：'},
	says: '文件内容',
	claims: '文件所称内容',
	claimsHint: '以下内容均未得到证明。',
	checks: '核验项目',
	checksHint: '展开各项可见核验程序的原文（英文）和字节。',
	results: {pass: '通过', fail: '不通过', skipped: '未检查'},
	counts: (pass, fail, skipped) => `通过 ${pass} 项，不通过 ${fail} 项，未检查 ${skipped} 项`,
	exact: '核验程序',
	details: {
		length: '字节数',
		sha256: '文件的 SHA-256',
		entry: '条目（每条 118 字节）',
		leaf: '叶哈希',
		index: '条目号',
		path: '路径',
		root: '根哈希（base64）',
		note: '已签名的检查点',
		key: '信任文件中的公钥',
		message: '消息',
		proof: '证明',
	},
	labels: {
		log: '日志',
		channel: '通道',
		kind: '类别',
		measured: '测量时间',
		arrived: '到达时间',
		number: '序号',
		quality: '标记',
		topic: '主题',
		sentBy: '发送者',
		payload: '消息',
		content: '内容',
		signedBy: '签名公钥',
		corrects: '更正对象',
		reason: '理由',
		body: '内容',
		device: '设备',
		key: '公钥',
		calibration: '校准',
		owner: '所有者',
		period: '期间',
		entries: '条目数',
		readings: '读数',
		first: '首条',
		last: '末条',
		rise: '增量',
		exceptions: '计数异常的读数',
		corrected: '更正',
		complete: '是否完整',
		missing: '缺失的序号',
		gaps: '缺口注记',
		silences: '静默注记',
		reader: '提供给谁',
		purpose: '用途',
		made: '制作时间',
		question: '问题',
		program: '制作程序',
		absent: '据称不存在',
		refused: '拒收的消息',
		transaction: '交易',
		registry: '登记合约',
		block: '区块',
		blockHash: '区块哈希',
		time: '时间',
		signer: '证书',
	},
	anchors: '日志之外的锚定',
	noAnchors: '文件没有列出。它可能制作于锚定之前，请稍后重新索取。',
	anchorStates: {
		'final-proof': '已证明：文件中的证明指向您信任的区块。',
		'final-node': '已证明：节点称该区块已最终确定。',
		mined: '节点有该区块，但链仍可能将其收回。',
		pinned: '您的信任文件载有这一锚定。区块和交易仅为文件所称。',
		'claimed-proven':
			'文件中的证明与该区块相符。该区块是否属于那条链仍需相信：任何人都能造出相符的区块。可在下方查询节点，或用区块浏览器比对区块哈希。',
		claimed: '仅为文件所称，此处未能证明。',
	},
	stampStates: {checked: '已证明：由您信任文件中的机构签发。', claimed: '仅为文件所称，未检查。'},
	when: '何时记录',
	whenLead: '日志收录该内容的时间范围。',
	notBefore: '不早于',
	notAfter: '不晚于',
	unknownBound: '未说明',
	bounds: {pinned: '已检查：您信任该区块', node: '已向节点查询', authority: '已检查：信任文件中的机构', claimed: '仅为文件所称'},
	boundBlock: (number, chain) => `链 ${chain} 的区块 ${number}`,
	boundStamp: authority => `${authority} 的时间戳`,
	contradiction: '两端相互矛盾：其中一个时钟有误。',
	measuring: '测量时间仅为设备所称，没有任何东西可以界定。',
	readings: '条目',
	readingsCount: (shown, count) => (shown === count ? `共 ${zhCount(count)} 条` : `共 ${zhCount(count)} 条，以下为前 ${zhCount(shown)} 条`),
	saveCsv: '将全部存为表格（CSV）',
	columns: {
		number: '序号',
		index: '条目号',
		kind: '类别',
		quantity: '量',
		value: '数值',
		unit: '单位',
		measuredAt: '测量时间（UTC）',
		arrivedAt: '到达时间（UTC）',
		qualities: '标记',
		inPeriod: '期间内',
		corrects: '更正',
		correctedBy: '被更正',
	},
	complete: {
		complete: '完整：按代理的编号，截至清点之时',
		incomplete: '不完整：有条目缺失',
		'later-unknown': '无从得知：中间没有缺失，但其后可能还有条目',
		'crosses-epoch': '无法证明：日志曾重新开始，此前的内容不在此处',
	},
	cautions: {
		later: '制作方是否略去了末条之后的内容，无人能知：没有日志的清点覆盖它。',
		epoch: '日志曾重新开始，当时遗失了什么无人能知。',
		absent: '答案所需的部分内容不在此处。日志中没有这些内容，仅为制作方所称。',
		open: time => `清点时（${time}）期间尚未结束，其后的内容不在其中。`,
	},
	node: {
		title: '查询区块链节点',
		lead: '若您信任某个节点，它可以说明这些区块是否属于那条链。只有此时本页才使用网络：仅向该地址查询链号和区块号，不透露文件内容。',
		url: '节点地址（RPC）',
		ask: '查询',
		asking: '正在查询……',
		notUrl: '这不是节点地址：应以 https:// 开头，或为本机的 http:// 地址。',
		found: (blocks, host) => `${host} 称其中 ${blocks} 个区块已最终确定。本次访问期间您信任它们。`,
		contradicted: host => `${host} 在该位置是另一个区块。`,
		notFinal: host => `${host} 尚未称该区块为最终区块，请稍后再查。`,
		otherChain: (chain, wanted) => `该节点属于链 ${chain}，而文件所列为链 ${wanted}。`,
		silent: reason => `节点没有正常应答：${reason}`,
	},
	machine: '完整结论（供程序使用）',
	answer: '答案',
	wholeAnswer: '答案的全部内容',
	items: count => `${zhCount(count)} 项`,
	yes: '是',
	no: '否',
	by: {device: '按设备时钟', agent: '按代理时钟', maker: '制作方所称'},
	notShown: '本文件未公开',
	notLooked: '未检查，或无法检查。展开可见原因。',
	size: size => `共 ${zhCount(size)} 条`,
	foot: '与 kedge verify 相同的检查。保存本页后可从磁盘打开使用。',
};

export const words: Readonly<Record<Language, Words>> = {en: english, zh: chinese};
