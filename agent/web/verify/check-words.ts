// What each check means, for somebody who has never heard of one: the words that the page puts in front of the verifier's own.

import type {Check, CheckName} from '../../verify/verdict.ts';
import type {Language} from '../language.ts';

/** A name, and a sentence for each result. Some checks never pass or never fail, and have a sentence all the same. */
export type CheckWords = {readonly name: string} & Readonly<Record<Check['result'], string>>;

const english: Readonly<Record<CheckName, CheckWords>> = {
	form: {
		name: 'The file is whole',
		pass: 'The file arrived as it was written: nothing in it was cut off or changed.',
		fail: 'The file is not whole, or is not one of ours: it was cut off, damaged or changed on its way.',
		skipped: 'Whether the file is whole was not looked at.',
	},
	entry: {
		name: 'The entries can be read',
		pass: 'What the log recorded is written in a form that this page knows.',
		fail: 'What the file shows of the log cannot be read as entries of it.',
		skipped: 'The entries were not looked at.',
	},
	checkpoint: {
		name: 'There is a checkpoint',
		pass: 'The file names the state of the log that it rests on.',
		fail: 'The file does not say which state of the log it rests on.',
		skipped: 'The checkpoint was not looked at.',
	},
	signature: {
		name: 'The log signed it',
		pass: 'The log that your trust file names signed this state with its own key.',
		fail: 'It is not signed by a log that your trust file names. Either it is of another log, or somebody else made it.',
		skipped: 'The signature was not looked at.',
	},
	inclusion: {
		name: 'It is in the log',
		pass: 'The entries lead, hash by hash, to the state that the checkpoint names: they are in it, byte for byte.',
		fail: 'The entries do not lead to the state that the checkpoint names: something was changed, added or moved.',
		skipped: 'Whether the entries are in the log was not looked at.',
	},
	tally: {
		name: 'The log counted itself',
		pass: 'The log noted the last number of each channel, so that what is left out can be seen.',
		fail: "The log's own count is missing where it must be, or is not what the log signed.",
		skipped: "The file shows no count of the log's own, so what came after its last entry is not known.",
	},
	channel: {
		name: 'It is of that device',
		pass: 'The device and quantity that are named are those that the entries are of.',
		fail: 'The device or quantity that is named is not the one that the entries are of.',
		skipped: 'The file keeps to itself which device this is of.',
	},
	arrival: {
		name: 'It came from this message',
		pass: 'The message that is shown is, byte for byte, the one that was recorded.',
		fail: 'The message that is shown is not the one that was recorded.',
		skipped: 'The file does not show the message that it came from.',
	},
	'device-signature': {
		name: 'The device signed its message',
		pass: 'The message carries a signature, and it fits the key beside it.',
		fail: 'The message is said to be signed by its device, and the signature does not fit.',
		skipped: 'The signature of the device was not checked here. The command line may be able to.',
	},
	'device-key': {
		name: 'The key is the device’s own',
		pass: 'The log had noted this key as the one of the device.',
		fail: 'The key is not the one that the log has for this device.',
		skipped: 'That this key is the device’s own is not shown: whoever ran the log could have signed instead.',
	},
	order: {
		name: 'The entries stand in order',
		pass: 'Places and numbers only ever rise, as they must.',
		fail: 'The entries do not stand in the order in which the log made them.',
		skipped: 'The order was not looked at.',
	},
	period: {
		name: 'They are of that period',
		pass: 'All entries belong to the period that the file is for.',
		fail: 'There are entries that do not belong to the period that the file is for.',
		skipped: 'The period was not looked at.',
	},
	completeness: {
		name: 'Nothing was left out',
		pass: 'By their numbers, and by the count of the log, none of the entries is missing.',
		fail: 'Entries are missing, or were added.',
		skipped: 'Nothing is missing in between, but whether more came afterwards is not known.',
	},
	reader: {
		name: 'Made for this reader',
		pass: 'Whoever holds the key of the log signed for whom this was made, and what it shows.',
		fail: 'That this was made for the reader and purpose it names is not signed by the log.',
		skipped: 'For whom it was made was not looked at.',
	},
	register: {
		name: 'The counter adds up',
		pass: 'The readings that are shown give, exactly, what the counter is said to have counted.',
		fail: 'The readings that are shown do not give what the counter is said to have counted.',
		skipped: 'What the counter counted was not looked at.',
	},
	identity: {
		name: 'Who the device was',
		pass: 'What is shown of the device is what the log had noted of it before.',
		fail: 'What is shown of the device is not what the log had noted of it.',
		skipped: 'Who the device was could not be checked.',
	},
	files: {
		name: 'All files of the package',
		pass: 'The package has exactly the files that it lists, each unchanged.',
		fail: 'A file of the package is missing, was added, or was changed.',
		skipped: 'The files of the package were not looked at.',
	},
	manifest: {
		name: 'The summary fits the entries',
		pass: 'What the package says of itself is what its entries say.',
		fail: 'The package says something of itself that its entries do not say.',
		skipped: 'The summary of the package was not compared with its entries.',
	},
	basis: {
		name: 'All that the answer rests on',
		pass: 'Everything that is needed to count the answer is in the package.',
		fail: 'Something that the answer rests on is not in the package.',
		skipped: 'What the answer rests on was not looked at.',
	},
	answer: {
		name: 'The answer, counted again',
		pass: 'This page counted the answer again from the entries alone, and came to the same.',
		fail: 'Counted again from the entries alone, the answer is another one.',
		skipped: 'The answer was not counted again.',
	},
	refusals: {
		name: 'Messages that were refused',
		pass: 'What is shown of refused messages can be read.',
		fail: 'What is shown of refused messages is not in order.',
		skipped: 'Refused messages never entered the log: what is said of them is the word of whoever made the file.',
	},
	pinned: {
		name: 'You have seen this state before',
		pass: 'Your trust file has this very state of the log, as it stands on a chain.',
		fail: 'Your trust file has another state of the log.',
		skipped: 'Your trust file has not noted this state of the log. That is usual, and no fault.',
	},
	fork: {
		name: 'Two histories',
		pass: 'Your trust file knows of no other history.',
		fail: 'Your trust file has seen another history of the same log. One of the two is a lie.',
		skipped: 'Whether there is a second history was not looked at.',
	},
	anchor: {
		name: 'It stands on a chain',
		pass: 'The state of the log stands on the chain that is named above, by a block that you trust or by the word of the node that you asked.',
		fail: 'The file says that it stands on a chain, and that is not so.',
		skipped: 'The file says that it stands on a chain, and nothing here shows that this block is the chain’s. You may ask a node, below.',
	},
	timestamp: {
		name: 'An authority stamped it',
		pass: 'A time-stamp authority that you trust saw this state of the log at that time.',
		fail: 'The time stamp that comes with it does not hold.',
		skipped: 'There is a time stamp, of an authority that your trust file does not name or that cannot be checked here.',
	},
	'cross-check': {
		name: 'Several places say the same',
		pass: 'Places that do not know of each other have the same state of the log.',
		fail: 'Places that should have the same state of the log differ.',
		skipped: 'There was nothing to compare.',
	},
	policy: {
		name: 'As many anchors as you ask for',
		pass: 'As many anchors hold as your trust file asks for.',
		fail: 'Fewer anchors hold than your trust file asks for.',
		skipped: 'Anchors were not counted.',
	},
	beacon: {
		name: 'Not earlier than',
		pass: 'The log had noted a block of a chain before. Whether that block is the chain’s is said under “When it was recorded”.',
		fail: 'The block that is to show how old it may be at most is not in order.',
		skipped: 'How old it may be at most is not shown.',
	},
};

const chinese: Readonly<Record<CheckName, CheckWords>> = {
	form: {
		name: '文件完整',
		pass: '文件与制作时一致，没有截断，也没有改动。',
		fail: '文件不完整，或不是 Kedge 的文件：在传递中被截断、损坏或改动。',
		skipped: '未检查文件是否完整。',
	},
	entry: {
		name: '条目可读',
		pass: '日志所记内容的格式为本页所识别。',
		fail: '文件所示内容不能作为日志条目读取。',
		skipped: '未检查条目。',
	},
	checkpoint: {
		name: '载有检查点',
		pass: '文件写明了它所依据的日志状态。',
		fail: '文件没有写明它依据日志的哪一状态。',
		skipped: '未检查检查点。',
	},
	signature: {
		name: '由日志签名',
		pass: '您的信任文件所列的日志，用自己的密钥签署了这一状态。',
		fail: '签名不属于您的信任文件所列的日志：它属于另一日志，或由他人制作。',
		skipped: '未检查签名。',
	},
	inclusion: {
		name: '确在日志之中',
		pass: '条目逐级哈希后得到检查点所载的状态：它们逐字节在其中。',
		fail: '条目得不到检查点所载的状态：有内容被更改、添加或移动。',
		skipped: '未检查条目是否在日志之中。',
	},
	tally: {
		name: '日志的清点',
		pass: '日志记下了各通道的最后序号，遗漏的条目会因此显现。',
		fail: '应有的清点缺失，或不是日志所签署的。',
		skipped: '文件没有附上日志的清点，因此其末条之后还有什么无从得知。',
	},
	channel: {
		name: '属于所称设备',
		pass: '所称的设备和量，正是这些条目的设备和量。',
		fail: '所称的设备或量，并非这些条目的设备或量。',
		skipped: '文件没有公开它属于哪一设备。',
	},
	arrival: {
		name: '来自这条消息',
		pass: '所示消息与当时记录的消息逐字节相同。',
		fail: '所示消息不是当时记录的消息。',
		skipped: '文件没有附上来源消息。',
	},
	'device-signature': {
		name: '设备签署了消息',
		pass: '消息带有签名，且与所附公钥相符。',
		fail: '据称消息由设备签名，但签名不符。',
		skipped: '此处未检查设备签名，命令行工具或可检查。',
	},
	'device-key': {
		name: '公钥属于该设备',
		pass: '日志此前已将这把公钥记为该设备所有。',
		fail: '这把公钥不是日志为该设备所记的公钥。',
		skipped: '没有证明公钥属于该设备：运行日志的一方也可能代为签名。',
	},
	order: {
		name: '条目有序',
		pass: '条目号和序号依次递增。',
		fail: '条目的次序与日志生成的次序不符。',
		skipped: '未检查次序。',
	},
	period: {
		name: '属于所称期间',
		pass: '全部条目都属于文件所述期间。',
		fail: '有条目不属于文件所述期间。',
		skipped: '未检查期间。',
	},
	completeness: {
		name: '没有遗漏',
		pass: '按序号和日志的清点，条目没有缺失。',
		fail: '条目有缺失，或有添加。',
		skipped: '中间没有缺失，但其后是否还有条目无从得知。',
	},
	reader: {
		name: '提供给所称的读者',
		pass: '日志密钥的持有者签署了它提供给谁、披露什么。',
		fail: '它提供给所称的读者并用于所称的用途，这一点没有日志的签名。',
		skipped: '未检查它提供给谁。',
	},
	register: {
		name: '计数相符',
		pass: '由所示读数得出的数值，与所称的计数完全一致。',
		fail: '由所示读数得不出所称的计数。',
		skipped: '未检查计数。',
	},
	identity: {
		name: '设备身份',
		pass: '所示的设备情况，与日志此前所记一致。',
		fail: '所示的设备情况，与日志所记不符。',
		skipped: '设备身份无法检查。',
	},
	files: {
		name: '证据包内的文件',
		pass: '证据包内的文件与清单一致，且均未改动。',
		fail: '证据包内有文件缺失、多出或被改动。',
		skipped: '未检查证据包内的文件。',
	},
	manifest: {
		name: '清单与条目相符',
		pass: '证据包对自身的说明与其条目一致。',
		fail: '证据包对自身的说明与其条目不符。',
		skipped: '未将清单与条目核对。',
	},
	basis: {
		name: '答案的依据齐全',
		pass: '计算答案所需的内容都在证据包内。',
		fail: '答案所依据的某些内容不在证据包内。',
		skipped: '未检查答案的依据。',
	},
	answer: {
		name: '重新计算答案',
		pass: '本页仅凭条目重新计算，得出相同的答案。',
		fail: '仅凭条目重新计算，得出的答案不同。',
		skipped: '未重新计算答案。',
	},
	refusals: {
		name: '拒收的消息',
		pass: '所示的拒收消息可以读取。',
		fail: '所示的拒收消息有误。',
		skipped: '拒收的消息从未进入日志，相关内容仅为制作方所称。',
	},
	pinned: {
		name: '您曾见过这一状态',
		pass: '您的信任文件载有链上的这一日志状态。',
		fail: '您的信任文件载有另一日志状态。',
		skipped: '您的信任文件没有记下这一日志状态。这很常见，并非问题。',
	},
	fork: {
		name: '两份历史',
		pass: '您的信任文件没有见过另一份历史。',
		fail: '您的信任文件见过同一日志的另一份历史，两者必有一假。',
		skipped: '未检查是否有第二份历史。',
	},
	anchor: {
		name: '已锚定到链上',
		pass: '日志的这一状态已在上文所列的链上：依据您信任的区块，或您所查询节点的说法。',
		fail: '文件称其已锚定到链上，但并非如此。',
		skipped: '文件称其已锚定到链上，但此处未能证明该区块属于那条链。您可在下方查询节点。',
	},
	timestamp: {
		name: '时间戳机构的时间戳',
		pass: '您信任的时间戳机构在所示时间见过这一日志状态。',
		fail: '所附的时间戳不成立。',
		skipped: '附有时间戳，但其机构不在您的信任文件中，或此处无法检查。',
	},
	'cross-check': {
		name: '多处一致',
		pass: '互不相知的多处载有相同的日志状态。',
		fail: '本应相同的多处记载不一致。',
		skipped: '没有可比对的内容。',
	},
	policy: {
		name: '锚定数量符合要求',
		pass: '成立的锚定达到您的信任文件所要求的数量。',
		fail: '成立的锚定少于您的信任文件所要求的数量。',
		skipped: '未统计锚定。',
	},
	beacon: {
		name: '不早于',
		pass: '日志此前已记下某条链的一个区块。该区块是否属于那条链，见“何时记录”。',
		fail: '用以说明最早时间的区块有误。',
		skipped: '没有说明最早时间。',
	},
};

export const checkWords: Readonly<Record<Language, Readonly<Record<CheckName, CheckWords>>>> = {en: english, zh: chinese};
