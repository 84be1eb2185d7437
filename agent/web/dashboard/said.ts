// Says in Chinese what the agent says in English: warnings, notices, what anchors wait for and what went wrong there, why a message was refused. The English stands beside it, as it was said.

/** A sentence of the agent, and what it is in Chinese: $1 is quoted as it stands, {1} is a sentence itself, in Chinese where there is one. The first that fits counts. */
type Said = readonly [en: RegExp, zh: string];

const warnings: readonly Said[] = [
	[/^FROZEN, nothing is acknowledged or released: (.+)\.$/, '已冻结，不确认也不公开任何数据：{1}。'],
	[/^Nothing is released: (.+)\.$/, '暂不公开任何数据：{1}。'],
	[/^The disk of the log could not be looked after: (.+)\.$/, '无法检查日志所在的磁盘：$1。'],
	[
		/^FULL, nothing is acknowledged: (\S+) MiB are free on the disk of the log, the floor is (\S+) MiB\. Make room; at (\S+) MiB the agent goes on by itself\.$/,
		'磁盘已满，不确认任何数据：日志所在磁盘剩余 $1 MiB，下限为 $2 MiB。请腾出空间；达到 $3 MiB 后代理自动继续。',
	],
	[/^FULL, nothing is acknowledged: (.+)$/, '不确认任何数据：{1}'],
	[
		/^SQLite's WAL has (\S+) MiB and cannot be emptied: another process reads log\.db and does not come to an end\. Stop it\.$/,
		'SQLite 的 WAL 已有 $1 MiB 且无法清空：另一个进程一直在读 log.db。请停止该进程。',
	],
	[/^There is no ballast: (.+)\.$/, '无法建立备用空间（ballast）：$1。'],
	[
		/^The broker is reached from other machines without encryption on port (\S+): anybody on the way reads the passwords\.$/,
		'其他机器可经端口 $1 不加密地连接 MQTT 服务器：途中任何人都能读到密码。',
	],
	[
		/^ANYBODY CAN PUBLISH for (\S+) devices?: broker\.anonymous is set, and they need no password\.$/,
		'任何人都可以冒充 $1 台设备发布消息：已设置 broker.anonymous，这些设备不需要密码。',
	],
	[/^New certificate files cannot be used, the old ones stay: (.+)\.$/, '新的证书文件无法使用，仍用旧的：$1。'],
	[/^(.+) ran out on (\S+): it is trusted no more\.$/, '证书已于 $2 到期，不再受信任：$1。'],
	[/^(.+) is valid from (\S+) only; is the clock of this machine right\?$/, '证书自 $2 起才有效：$1。代理主机的时钟正确吗？'],
	[/^(.+) runs out within a day, on (\S+)\.$/, '证书将在一天之内（$2）到期：$1。'],
	[/^(.+) runs out in (\d+) days?, on (\S+)\.$/, '证书将在 $2 天后（$3）到期：$1。'],
	[/^(\d+) more certificates run out within (\d+) days\.$/, '另有 $1 个证书将在 $2 天内到期。'],
	[/^Silent, not heard for more than twice the cadence: (.+)\.$/, '静默，超过上报周期两倍仍未收到：$1。'],
	[
		/^(\d+) readings? of registers since the start fits? nothing before \(exceptions\): (.+)\. See: kedge correct --help\.$/,
		'启动以来有 $1 个计数器读数与之前的都不相符（异常）：$2。参见 kedge correct --help。',
	],
	[/^The calibration has run out: (.+)\. See: kedge device list\.$/, '校准已到期：$1。参见 kedge device list。'],
	[
		/^(\d+) messages? (?:was|were) refused as (\S+) lately; the newest, on (.+?): (.+)\. See: kedge quarantine\.$/,
		'最近拒收了 $1 条消息（<2>）；最新一条的主题：$3。参见 kedge quarantine。',
	],
	[/^Anchoring at (.+?): (.+?)\.(?: Hint: (.+?)\.)?$/, '在 $1 锚定未成功：{2}。'],
	[
		/^The anchoring key's balance at (.+) lasts for less than a day at what anchors cost now\.$/,
		'按目前费用，锚定密钥在 $1 的余额不足一天。',
	],
	[
		/^The anchoring key's balance at (.+) lasts for (\d+) days? at what anchors cost now\.$/,
		'按目前费用，锚定密钥在 $1 的余额可用 $2 天。',
	],
	[/^The anchoring key's balance at (.+) lasts for (.+) at what anchors cost now\.$/, '按目前费用，锚定密钥在 $1 的余额可用 $2。'],
	[
		/^The clock of this machine is not synchronised: what arrives is marked so until it is\.$/,
		'代理主机的时钟未同步：在同步之前，收到的数据都会带此标记。',
	],
	[
		/^The connection to broker (.+) is down\. It has been for (\S+) s, after (\S+) connections since the start\.$/,
		'与 MQTT 服务器 $1 的连接已断开 $2 秒；启动以来共连接过 $3 次。',
	],
	[
		/^A message of broker (.+) on (.+) could not be kept, (\S+) times; it holds up those behind it\.$/,
		'MQTT 服务器 $1 在主题 $2 上的一条消息 $3 次未能保存；它挡住了后面的消息。',
	],
	[/^Broker (.+) refuses the subscription to (.+): nothing comes from there\.$/, 'MQTT 服务器 $1 拒绝订阅 $2：那里收不到任何数据。'],
	[
		/^Broker (.+) grants only QoS 0 for (.+): what it cannot deliver at once is lost\.$/,
		'MQTT 服务器 $1 对 $2 只给 QoS 0：不能立即送达的消息会丢失。',
	],
	[
		/^Broker (.+) has dropped (\S+) messages since the start, perhaps readings: give it longer queues \(Mosquitto: max_queued_messages\)\.$/,
		'MQTT 服务器 $1 启动以来丢弃了 $2 条消息，其中可能有读数：请加大其队列（Mosquitto：max_queued_messages）。',
	],
	[/^The market (.+) is halted, nothing is signed: (.+)\.$/, '市场 $1 已停止，不签署任何内容：$2。'],
	[/^A commit failed\. The agent must be started again\.$/, '一次提交失败，必须重新启动代理。'],
];

const notices: readonly Said[] = [
	[
		/^Nothing is anchored: only the side file would tell a second history, and nobody outside vouches for the log\. See: kedge anchor --help\.$/,
		'没有任何锚定：只有日志旁的文件能揭示第二份历史，外部没有任何一方为日志作证。参见 kedge anchor --help。',
	],
	[
		/^Devices that send more than they may in a second, and wait: (.+)\. Nothing of theirs is lost\.$/,
		'以下设备每秒发送的消息多于允许的数量，须等待：$1。它们的数据没有丢失。',
	],
];

/** Why nothing is released, or the log is frozen. */
const standings: readonly Said[] = [
	[/^no outside head was looked at yet$/, '尚未核对过外部所存的日志状态'],
	[
		/^no head of this log could be read outside of its database since the start: .+$/,
		'启动以来未能在数据库之外读到本日志的任何状态：请放回 released.checkpoint，或让所在的链可读；若两者都已永久丢失，请运行 kedge epoch',
	],
	[/^(.+); waiting until that is final or gone$/, '{1}；等待它最终确定或消失'],
	[
		/^(.+) has a head of size (\S+), the database only (\S+) entries: it is older than what was released$/,
		'$1 所存的日志状态有 $2 个条目，数据库只有 $3 个：数据库比已公开的更旧',
	],
	[/^(.+) has a head of size (\S+), which could not be recomputed$/, '$1 所存的日志状态有 $2 个条目，无法重新计算'],
	[/^(.+) has another root for size (\S+): it is another history$/, '对 $2 个条目，$1 的根不同：那是另一份历史'],
	[
		/^the side file belongs to log "(.+)", the database to "(.+)": the files of two logs are mixed$/,
		'日志旁的文件属于日志“$1”，数据库属于“$2”：两个日志的文件混在一起了',
	],
	[
		/^the side file is of epoch (\S+), the database only of epoch (\S+): an older epoch was put back$/,
		'日志旁的文件属于第 $1 纪元，数据库只到第 $2 纪元：放回了更旧的纪元',
	],
	[/^the stored entries do not lead to the signed root at size (\S+)$/, '已存条目得不出 $1 个条目处已签名的根'],
	[
		/^the (\S+) stored entries lead to root (\S+), what was signed is (\S+): they were edited$/,
		'已存的 $1 个条目得出的根与已签名的不同：条目被改动过',
	],
	[
		/^the entries (\S+) to (\S+) do not lead to the hash that is stored for them: they were edited$/,
		'第 $1 至 $2 条得不出为其保存的哈希：条目被改动过',
	],
	[/^the log is damaged: (.+)$/, '日志已损坏：$1'],
	[
		/^its log\.db is a backup, made at (.+): what was acknowledged since is not in it$/,
		'其 log.db 是 $1 制作的备份：此后确认的数据不在其中',
	],
];

/** What anchors wait for. */
const waits: readonly Said[] = [
	[/^size (\S+) is in block (\S+); blocks are final up to (\S+)$/, '第 $1 条为止的锚定在区块 $2 中；区块最终确定至 $3'],
	[/^the node holds another transaction of (\S+) with nonce (\S+)$/, '节点上已有 $1 的另一笔 nonce 为 $2 的交易'],
	[/^the nonce of size (\S+) is used, but its transaction does not show$/, '第 $1 条为止的锚定的 nonce 已被使用，但看不到其交易'],
	[/^size (\S+) stays in flight as it is, and is sent again: (.+)$/, '第 $1 条为止的锚定保持原样并再次发送：{2}'],
	[/^it was replaced (\S+) times$/, '已替换 $1 次'],
	[/^the chain is being asked$/, '正在询问链'],
	[/^the chain does not agree with itself about block (\S+)$/, '链对区块 $1 的说法前后不一'],
	[/^the node has block (\S+) but not our transaction in it$/, '节点有区块 $1，但其中没有我们的交易'],
	[/^the transaction is not in a block yet$/, '交易尚未进入区块'],
	[/^(\S+) anchors wait for their blocks to become final$/, '$1 个锚定在等待其区块最终确定'],
	[
		/^(.+): size (\S+) waits; newer entries were rolled into it since it was size (\S+)$/,
		'{1}：第 $2 条为止的锚定在等待；自第 $3 条起并入了更新的条目',
	],
	[/^(.+): size (\S+) waits$/, '{1}：第 $2 条为止的锚定在等待'],
	[/^gas costs (.+) now, and the ceiling is (.+)$/, '目前 gas 价格为 $1，上限为 $2'],
	[/^gas costs nothing here, and more is not offered$/, '这里的 gas 不收费，也不出更高的价'],
	[
		/^a transaction takes (\S+) gas at (.+?) now, and (\S+) of the coin are set aside for the parent chain, and it may cost (\S+) of the coin$/,
		'一笔交易需 $1 gas，目前每单位 $2，另为上级链预留 $3；最多可花费 $4',
	],
	[
		/^a transaction takes (\S+) gas at (.+?) now, and (\S+) of the coin are set aside for the parent chain, and (\S+) of the day's budget of (\S+) are left$/,
		'一笔交易需 $1 gas，目前每单位 $2，另为上级链预留 $3；当日预算 $5 还剩 $4',
	],
	[/^a transaction takes (\S+) gas at (.+?) now, and it may cost (\S+) of the coin$/, '一笔交易需 $1 gas，目前每单位 $2；最多可花费 $3'],
	[
		/^a transaction takes (\S+) gas at (.+?) now, and (\S+) of the day's budget of (\S+) are left$/,
		'一笔交易需 $1 gas，目前每单位 $2；当日预算 $4 还剩 $3',
	],
	[
		/^the anchoring account holds (\S+) of the coin, and a transaction may cost (\S+): send it funds$/,
		'锚定账户余额为 $1，一笔交易最多可能花费 $2：请向其转入资金',
	],
	[/^size (\S+) waits for a token of "(.+)"; it is asked again in (\S+) s$/, '前 $1 个条目在等待“$2”的时间戳；$3 秒后再次请求'],
	[/^size (\S+) waits for a token of "(.+)"$/, '前 $1 个条目在等待“$2”的时间戳'],
	[/^the newest token of "(.+)" could not be checked here: (.+)$/, '“$1”的最新时间戳无法在此核验：$2'],
	[/^(.+?): (size \S+ stays in flight .+)$/, '{1}：{2}'],
];

/** What went wrong while anchoring, where more can be said than by the code. */
const failures: readonly Said[] = [
	[/^the node is behind: its registry holds size (\S+), but size (\S+) is anchored$/, '节点落后：其登记合约到 $1，而已锚定到 $2'],
	[/^the node is behind: it has no block (\S+), which holds a final anchor$/, '节点落后：它没有区块 $1，而其中有已最终确定的锚定'],
	[
		/^the registry holds size (\S+) of log "(.+)", which this agent never anchored \(its newest is (\S+)\)$/,
		'登记合约中有日志“$2”到 $1 的锚定，而本代理从未锚定过它（本代理最新为 $3）',
	],
	[
		/^the registry holds another root for size (\S+) of log "(.+)" than this agent anchored$/,
		'对日志“$2”的前 $1 个条目，登记合约中的根与本代理锚定的不同',
	],
	[/^chain (\S+) is not the pinned one: (.+)$/, '链 $1 不是所固定的那条链'],
	[/^the node speaks for chain (\S+), not for chain (\S+)$/, '节点属于链 $1，而不是链 $2'],
	[/^the node at (\S+) speaks for chain (\S+), not for chain (\S+)$/, '节点 $1 属于链 $2，而不是链 $3'],
	[/^chain (\S+) has no contract at (\S+)$/, '链 $1 上的地址 $2 没有合约'],
	[/^log "(.+)" \((\S+)\) was never opened at registry (\S+)$/, '日志“$1”从未在登记合约 $3 中开立'],
	[/^log "(.+)" \((\S+)\) belongs to (\S+), not to (\S+), at registry (\S+)$/, '登记合约 $5 中的日志“$1”属于 $3，而不是 $4'],
	[/^block (\S+) is (\S+), but the one that holds our final anchor is (\S+)$/, '区块 $1 与存有我们最终锚定的那个区块不同'],
	[
		/^a transaction for size (\S+) succeeded, but the registry at (\S+) recorded no anchor in it$/,
		'第 $1 条为止的交易成功了，但登记合约 $2 没有记下锚定',
	],
	[/^size (\S+) could not be anchored in (\S+) transactions: (.+)$/, '前 $1 个条目用 $2 笔交易仍未能锚定'],
	[
		/^the registry holds size (\S+), but the node does not show the transaction that anchored it$/,
		'登记合约到 $1，但节点看不到锚定它的交易',
	],
	[
		/^the registry holds size (\S+), which extends size (\S+), but the node does not show the transaction that anchored that$/,
		'登记合约到 $1，超过了 $2，但节点看不到锚定后者的交易',
	],
	[/^the registry went on to size (\S+), so size (\S+) can no longer be anchored$/, '登记合约已到 $1，因此 $2 不能再锚定'],
	[/^the registry does not take size (\S+) now: (.+)$/, '登记合约目前不接受前 $1 个条目'],
	[/^the registry refuses size (\S+) of log "(.+)": (.+)$/, '登记合约拒绝日志“$2”的前 $1 个条目'],
	[/^none of the (\S+) nodes of chain (\S+) can be asked: (.+)$/, '链 $2 的 $1 个节点都无法询问'],
	[/^the nodes do not agree about (.+?): (.+)$/, '各节点的说法不一致'],
	[/^only the node at (\S+) answers, and (\S+) must agree about (.+)$/, '只有节点 $1 应答，而须有 $2 个节点一致'],
	[/^the chain at (\S+) did not answer (\S+): (.+)$/, '位于 $1 的链没有应答'],
	[/^the connection to the chain at (\S+) is closed$/, '与位于 $1 的链的连接已关闭'],
	[/^the chain at (\S+) refused (\S+): (.+)$/, '位于 $1 的链拒绝了请求'],
	[/^the chain at (\S+) has (\S+) blocks, and none of them is finalized$/, '位于 $1 的链有 $2 个区块，但没有一个已最终确定'],
	[/^the chain at (\S+) has no base fee, so it takes no EIP-1559 transactions$/, '位于 $1 的链没有基础费，因此不接受 EIP-1559 交易'],
	[/^the chain at (\S+) answered (\S+) with (.+), which is not an answer to it$/, '位于 $1 的链的应答不合规'],
	[
		/^the contract at (\S+) does not answer (\S+)\(\): it is not an AnchorRegistry(?: of this version)?$/,
		'地址 $1 的合约不是本版本的 AnchorRegistry',
	],
	[/^the time-stamp authority at (\S+) (.+)$/, '位于 $1 的时间戳机构没有给出可用的应答'],
	[/^"(.+)" gave no token for size (\S+) over (\S+): (.+)$/, '“$1”没有为前 $2 个条目（$3）给出时间戳'],
	[/^the remote signer at (\S+) did not answer: (.+)$/, '位于 $1 的远程签名器没有应答'],
	[/^the remote signer at (\S+) (?:has trouble|does not sign|points elsewhere|gave back).+$/, '位于 $1 的远程签名器没有签名'],
	[/^what answers at (\S+) is no signer .+$/, '位于 $1 的不是签名器'],
	[/^the anchoring key (\S+) does not sign this transaction: (.+)$/, '锚定密钥 $1 不签署此交易'],
	[/^no node answers: (.+)$/, '没有节点应答'],
];

/** Why evidence was not packed. */
const packings: readonly Said[] = [
	[/^the log says nothing of \S+ (.+)$/, '日志中没有关于 $1 的内容'],
	[/^no checkpoint is released yet$/, '还没有可以公开的检查点'],
	[/^it broke off$/, '打包中断'],
];

const all: readonly Said[] = [...warnings, ...notices, ...standings, ...waits, ...failures, ...packings];
const nestedMax = 4;

/** A sentence of the agent in Chinese; undefined for one that is not known, which is shown as it was said. */
export function inChinese(sentence: string, depth = 0): string | undefined {
	for (const [en, zh] of all) {
		const found = en.exec(sentence);
		if (found === null) continue;
		return zh.replace(/\$(\d)|\{(\d)\}|<(\d)>/g, (_whole, plain: string, nested: string, reason: string) => {
			const part = found[Number(plain ?? nested ?? reason)] ?? '';
			if (reason !== undefined) return refusalName(part, 'zh');
			return nested === undefined || depth >= nestedMax ? part : (inChinese(part, depth + 1) ?? part);
		});
	}
	return undefined;
}

/** What went wrong at an anchor, by the code of the error: for sentences that are not known. Of each code of the agent. */
export const codesInChinese: Readonly<Record<string, string>> = {
	AGENT_UNREACHABLE: '代理没有应答',
	ANCHOR_REFUSED: '登记合约拒绝锚定',
	ARGUMENT_INVALID: '参数不合要求',
	ASSERTION_FAILED: '程序内部出错',
	AUTHORITY_REFUSED: '时间戳机构拒绝给出时间戳',
	AUTHORITY_UNREACHABLE: '无法连接时间戳机构',
	BACKUP_FAILED: '备份未完成',
	BROKER_UNREACHABLE: '无法连接 MQTT 服务器',
	CHAIN_MISMATCH: '链或合约不是配置中的那一个',
	CHAIN_REFUSED: '链拒绝了请求',
	CHAIN_UNREACHABLE: '无法连接链',
	CONFIG_INVALID: '配置有误',
	DATA_EXISTS: '数据已经存在',
	DATA_MISSING: '数据缺失',
	ENTRY_PRUNED: '条目已被裁剪',
	ENTRY_UNKNOWN: '没有此条目',
	EPOCH_NEEDLESS: '不需要新的纪元',
	EPOCH_UNFINISHED: '新纪元尚未完成',
	FORMAT_INVALID: '格式不正确',
	KEY_INVALID: '密钥不可用',
	LOG_CLOSED: '日志已关闭',
	LOG_COMMIT_FAILED: '日志提交失败',
	LOG_CORRUPT: '日志损坏',
	LOG_FROZEN: '日志已冻结',
	LOG_LOCKED: '日志被另一个进程占用',
	MARKET_HALTED: '市场已停止',
	PORT_TAKEN: '端口已被占用',
	SIGNER_UNREACHABLE: '无法连接远程签名器',
	SQLITE_FAILED: 'SQLite 出错',
	SQLITE_UNSUITABLE: 'SQLite 版本不适用',
	WRITE_REFUSED: '写入被拒绝',
};

/** Why a message was refused: short, and as a sentence. Of each reason of the agent. */
export const refusalsInChinese: Readonly<Record<string, readonly [name: string, meaning: string]>> = {
	retained: ['保留消息', 'MQTT 服务器作为保留消息发送：是旧状态，不是读数'],
	'too-large': ['消息过大', '消息大于 client.packetBytesMax；只保留其开头'],
	'device-unknown': ['设备未知', '配置中没有设备拥有此主题'],
	'topic-unknown': ['主题未知', '主题不符合该设备的任何映射'],
	'topic-forbidden': ['主题不属于它', '主题属于另一台设备'],
	'payload-malformed': ['内容格式错误', '内容不符合映射的要求：JSON 有误、过深、过长，或有重复、禁用的键'],
	'senml-invalid': ['SenML 无效', '数据包违反 RFC 8428 的规则，无法解析'],
	'no-reading': ['不含读数', '消息可以理解，但按其性质不含读数：状态、描述或遗嘱'],
	'readings-none': ['没有所需读数', '消息中没有映射所指的内容'],
	'frame-damaged': ['帧损坏', '帧的校验和、长度或形式有误'],
	'frame-part': ['帧的一部分', '分几部分到达的帧中的一部分；读数随最后一部分到达'],
	'frame-locked': ['帧已加密', '帧已加密，映射没有能打开它的密钥'],
	'birth-missing': ['缺少 birth 证书', '它用编号指称指标，而没有 birth 证书解释；已请求新的'],
	'not-measured': ['不是测量', '模拟或测试消息，没有测量任何东西'],
	'quantity-unknown': ['量未知', '消息中的名称或代码不对应登记表中的任何量'],
	'units-unknown': ['单位未知', '还没有任何消息说明设备使用的单位'],
	'template-unsupported': ['不支持的模板', '设备用计算式模板描述其值，这里只支持直接指向值的模板'],
	'channels-too-many': ['通道过多', '该设备已有 256 个通道'],
	'span-unknown': ['区间未知', '是一段时间内的量，但没有说明时间长度'],
	'quantity-forbidden': ['量不被允许', '该设备不得报告此量'],
	'limit-exceeded': ['超出限值', '值超出该设备的限值'],
	'signature-missing': ['缺少签名', '设备有密钥，而消息没有签名'],
	'signature-malformed': ['签名格式错误', '无法拆解已签名的消息'],
	'signature-wrong': ['签名错误', '签名不是由该设备的密钥所作'],
	'device-revoked': ['设备已吊销', '该设备已被吊销'],
	'field-missing': ['缺少字段', '映射所指的字段不存在'],
	'value-not-number': ['值不是数', '值不是一个数'],
	'value-inexact': ['值不精确', '值不能精确地用通道的指数表示'],
	'value-out-of-range': ['值过大', '值超出 64 位'],
	'unit-wrong': ['单位错误', '单位不适用于此量'],
	'time-malformed': ['时间格式错误', '时间不符合映射的格式'],
	'time-implausible': ['时间不合理', '时间早于 2000 年，或超前一天以上'],
	'older-than-log': ['早于日志', '其去重键位于已裁剪的条目之中，无法判断是否为新消息'],
	'sequence-malformed': ['序号格式错误', '序号不是小于 2^48 的整数，或会话不是短文本'],
	'order-malformed': ['订单格式错误', '订单不符合要求的形式'],
	'order-bad-signature': ['订单签名错误', '订单的签名不成立'],
	'order-not-your-meter': ['电表不属于它', '电表登记在另一个账户名下'],
	'order-unknown-market': ['市场未知', '没有此市场'],
	'order-unknown-order': ['订单未知', '没有此订单'],
	'order-unknown-slot': ['时段未知', '市场没有此时段'],
	'order-side-conflict': ['买卖方向冲突', '该电表在此时段已有相反方向的订单'],
	'order-order-exists': ['已有订单', '该电表在此时段的同一方向已有订单'],
	'order-duplicate-salt': ['随机数重复', '订单的随机数已被使用过'],
	'order-gate-closed': ['已关闸', '该时段已关闸或尚未开放'],
	'order-price-out-of-band': ['限价超出区间', '限价在价格区间之外'],
	'order-capacity-exceeded': ['超出容量', '超出该电表接入线路的容量'],
	'order-insufficient-escrow': ['押金不足', '存入的资金不足以支付订单'],
	'order-counter-stale': ['计数器过期', '订单的计数器不是当前值'],
	'order-unsupported-tif': ['不支持的有效期类型', '该有效期类型在集合竞价中没有意义'],
	'order-delegation-exceeded': ['超出授权', '代理密钥签署的内容超出所有者的授权'],
	'order-batch-refused': ['整批拒收', '同一批中的另一个订单被拒收'],
	'order-operator-halted': ['市场已停止', '市场目前不接受任何订单'],
};

/** What a reason is called; one that is not known is its own name. */
export function refusalName(reason: string, language: 'en' | 'zh'): string {
	return language === 'zh' && Object.hasOwn(refusalsInChinese, reason) ? refusalsInChinese[reason]![0] : reason;
}

/** What a reason means, in Chinese. */
export function refusalMeaning(reason: string): string | undefined {
	return Object.hasOwn(refusalsInChinese, reason) ? refusalsInChinese[reason]![1] : undefined;
}
