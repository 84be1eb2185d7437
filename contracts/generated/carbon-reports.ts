// The interface and creation code of contracts/CarbonReports.sol. Made by `npm run contracts`; do not edit.

export const carbonReportsAbi = [
	{
		inputs: [
			{internalType: 'contract ICarbonAllowance', name: 'allowances_', type: 'address'},
			{internalType: 'contract IAnchorRegistry', name: 'registry_', type: 'address'},
			{internalType: 'uint256', name: 'demandStake_', type: 'uint256'},
		],
		stateMutability: 'nonpayable',
		type: 'constructor',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		name: 'AlreadyDemanded',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
			{internalType: 'uint256', name: 'amountMax', type: 'uint256'},
		],
		name: 'AmountTooLarge',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'time', type: 'uint64'},
			{internalType: 'uint64', name: 'coverFrom', type: 'uint64'},
		],
		name: 'AnchoredTooEarly',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
			{internalType: 'uint256', name: 'answerBefore', type: 'uint256'},
		],
		name: 'AnswerPending',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		name: 'AnswerWrong',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{internalType: 'uint48', name: 'first', type: 'uint48'},
			{internalType: 'uint48', name: 'last', type: 'uint48'},
		],
		name: 'BadRange',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{internalType: 'uint256', name: 'bond', type: 'uint256'},
			{internalType: 'uint256', name: 'wanted', type: 'uint256'},
		],
		name: 'BondTooSmall',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'enum ReportStatus', name: 'status', type: 'uint8'},
			{internalType: 'uint8', name: 'attempts', type: 'uint8'},
		],
		name: 'CannotReport',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint8', name: 'kind', type: 'uint8'},
		],
		name: 'CountsNot',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
			{internalType: 'uint256', name: 'credit', type: 'uint256'},
		],
		name: 'CreditTooSmall',
		type: 'error',
	},
	{
		inputs: [],
		name: 'EmptyPlan',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'timeMs', type: 'uint256'},
			{internalType: 'uint256', name: 'toMs', type: 'uint256'},
		],
		name: 'EndIsClosed',
		type: 'error',
	},
	{
		inputs: [],
		name: 'NoDemandStake',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{internalType: 'uint256', name: 'channels', type: 'uint256'},
		],
		name: 'NoSuchChannel',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint8', name: 'kind', type: 'uint8'},
			{internalType: 'uint16', name: 'subKind', type: 'uint16'},
		],
		name: 'NotATally',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'enum DemandKind', name: 'kind', type: 'uint8'},
		],
		name: 'NotAnEdge',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'uint64', name: 'size', type: 'uint64'},
			{internalType: 'uint64', name: 'time', type: 'uint64'},
			{internalType: 'bytes32', name: 'root', type: 'bytes32'},
		],
		name: 'NotAnchored',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'index', type: 'uint64'},
			{internalType: 'uint64', name: 'size', type: 'uint64'},
		],
		name: 'NotCovered',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		name: 'NotDemanded',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'enum ReportStatus', name: 'status', type: 'uint8'},
			{internalType: 'uint256', name: 'windowEndsAt', type: 'uint256'},
		],
		name: 'NotFinal',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'uint64', name: 'size', type: 'uint64'},
			{internalType: 'uint64', name: 'index', type: 'uint64'},
		],
		name: 'NotInLog',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'leaf', type: 'bytes32'},
			{internalType: 'uint64', name: 'position', type: 'uint64'},
			{internalType: 'uint64', name: 'entries', type: 'uint64'},
		],
		name: 'NotInReport',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'subject', type: 'bytes32'},
			{internalType: 'uint48', name: 'number', type: 'uint48'},
		],
		name: 'NotInTally',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'subject', type: 'bytes32'},
			{internalType: 'bytes32', name: 'expected', type: 'bytes32'},
		],
		name: 'NotOfChannel',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint48', name: 'measuredAtMs', type: 'uint48'},
			{internalType: 'uint256', name: 'toMs', type: 'uint256'},
		],
		name: 'NotOfPeriod',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'enum ReportStatus', name: 'status', type: 'uint8'},
			{internalType: 'uint256', name: 'windowEndsAt', type: 'uint256'},
		],
		name: 'NotOpenToChallenge',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'caller', type: 'address'},
			{internalType: 'address', name: 'regulator', type: 'address'},
		],
		name: 'NotRegulator',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'caller', type: 'address'},
			{internalType: 'address', name: 'account', type: 'address'},
		],
		name: 'NotSiteAccount',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'reportHash', type: 'bytes32'},
			{internalType: 'bytes32', name: 'expected', type: 'bytes32'},
		],
		name: 'NotTheReport',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint8', name: 'kind', type: 'uint8'},
			{internalType: 'uint16', name: 'subKind', type: 'uint16'},
			{internalType: 'bytes32', name: 'subject', type: 'bytes32'},
			{internalType: 'uint64', name: 'index', type: 'uint64'},
		],
		name: 'NotTheStatement',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint48', name: 'number', type: 'uint48'},
			{internalType: 'uint48', name: 'last', type: 'uint48'},
		],
		name: 'NothingBeyond',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint48', name: 'number', type: 'uint48'},
			{internalType: 'uint48', name: 'first', type: 'uint48'},
			{internalType: 'uint48', name: 'last', type: 'uint48'},
		],
		name: 'NumberInRange',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint48', name: 'number', type: 'uint48'},
			{internalType: 'uint48', name: 'first', type: 'uint48'},
			{internalType: 'uint48', name: 'last', type: 'uint48'},
		],
		name: 'NumberOutsideRange',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'timeMs', type: 'uint256'},
			{internalType: 'uint256', name: 'fromMs', type: 'uint256'},
			{internalType: 'uint256', name: 'toMs', type: 'uint256'},
		],
		name: 'OutsidePeriod',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'to', type: 'address'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'PaymentFailed',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
		],
		name: 'PlanNotSorted',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'planHash', type: 'bytes32'},
		],
		name: 'PlanStands',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'subjects', type: 'uint256'},
			{internalType: 'uint256', name: 'subjectsMax', type: 'uint256'},
		],
		name: 'PlanTooLong',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'leaf', type: 'bytes32'},
		],
		name: 'SameLeaf',
		type: 'error',
	},
	{
		inputs: [],
		name: 'Sha256Unavailable',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint48', name: 'first', type: 'uint48'},
			{internalType: 'uint256', name: 'timeMs', type: 'uint256'},
			{internalType: 'uint256', name: 'fromMs', type: 'uint256'},
		],
		name: 'StartIsClosed',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'uint64', name: 'index', type: 'uint64'},
		],
		name: 'StatementUsed',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'index', type: 'uint64'},
			{internalType: 'uint64', name: 'size', type: 'uint64'},
		],
		name: 'TallyNotCovered',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'opensAt', type: 'uint256'},
		],
		name: 'TooEarly',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'closedAt', type: 'uint256'},
		],
		name: 'TooLate',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
			{internalType: 'int64', name: 'stated', type: 'int64'},
		],
		name: 'TotalNotStated',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint8', name: 'attempt', type: 'uint8'},
			{internalType: 'uint8', name: 'expected', type: 'uint8'},
		],
		name: 'WrongAttempt',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint8', name: 'kind', type: 'uint8'},
		],
		name: 'WrongEntryKind',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'length', type: 'uint256'},
		],
		name: 'WrongEntryLength',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint8', name: 'version', type: 'uint8'},
		],
		name: 'WrongEntryVersion',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'size', type: 'uint64'},
			{internalType: 'bytes32', name: 'root', type: 'bytes32'},
		],
		name: 'WrongHead',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'expected', type: 'bytes32'},
		],
		name: 'WrongLog',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint48', name: 'number', type: 'uint48'},
			{internalType: 'uint48', name: 'expected', type: 'uint48'},
		],
		name: 'WrongNumber',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'subjectsHash', type: 'bytes32'},
			{internalType: 'bytes32', name: 'expected', type: 'bytes32'},
		],
		name: 'WrongPlan',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'ranges', type: 'uint256'},
			{internalType: 'uint256', name: 'channels', type: 'uint256'},
		],
		name: 'WrongRangeCount',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'sent', type: 'uint256'},
			{internalType: 'uint256', name: 'wanted', type: 'uint256'},
		],
		name: 'WrongStake',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'source', type: 'bytes32'},
			{internalType: 'bytes32', name: 'found', type: 'bytes32'},
		],
		name: 'WrongTallyBody',
		type: 'error',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		name: 'Answered',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'from', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'BondFunded',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'to', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'BondWithdrawn',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'account', type: 'address'},
			{indexed: true, internalType: 'address', name: 'to', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'CreditWithdrawn',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
			{indexed: false, internalType: 'bool', name: 'isOver', type: 'bool'},
		],
		name: 'DemandClosed',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
			{indexed: true, internalType: 'bytes32', name: 'reportHash', type: 'bytes32'},
			{indexed: false, internalType: 'enum DemandKind', name: 'kind', type: 'uint8'},
			{indexed: false, internalType: 'uint256', name: 'channel', type: 'uint256'},
			{indexed: false, internalType: 'uint48', name: 'number', type: 'uint48'},
			{indexed: false, internalType: 'bytes32', name: 'leaf', type: 'bytes32'},
			{indexed: false, internalType: 'address', name: 'by', type: 'address'},
			{indexed: false, internalType: 'uint40', name: 'answerBefore', type: 'uint40'},
		],
		name: 'Demanded',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{indexed: true, internalType: 'uint256', name: 'period', type: 'uint256'},
			{indexed: false, internalType: 'uint256', name: 'totalMg', type: 'uint256'},
			{indexed: false, internalType: 'bytes32', name: 'reasonHash', type: 'bytes32'},
		],
		name: 'Determined',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{indexed: true, internalType: 'uint64', name: 'size', type: 'uint64'},
			{indexed: false, internalType: 'bytes32', name: 'root', type: 'bytes32'},
			{indexed: false, internalType: 'uint64', name: 'time', type: 'uint64'},
		],
		name: 'HeadKept',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{indexed: true, internalType: 'uint256', name: 'period', type: 'uint256'},
			{indexed: true, internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{
				components: [
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'bytes32', name: 'statements', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
				],
				indexed: false,
				internalType: 'struct Plan',
				name: 'plan',
				type: 'tuple',
			},
			{indexed: false, internalType: 'address', name: 'by', type: 'address'},
		],
		name: 'PlanRegistered',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{indexed: true, internalType: 'uint256', name: 'period', type: 'uint256'},
			{indexed: true, internalType: 'bytes32', name: 'reportHash', type: 'bytes32'},
			{indexed: false, internalType: 'bytes32', name: 'reasonHash', type: 'bytes32'},
		],
		name: 'ReportRejected',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{indexed: true, internalType: 'uint256', name: 'period', type: 'uint256'},
			{indexed: true, internalType: 'bytes32', name: 'reportHash', type: 'bytes32'},
			{indexed: false, internalType: 'bytes4', name: 'wrong', type: 'bytes4'},
			{indexed: false, internalType: 'address', name: 'challenger', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'reward', type: 'uint256'},
		],
		name: 'ReportVoided',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{indexed: true, internalType: 'uint256', name: 'period', type: 'uint256'},
			{indexed: true, internalType: 'bytes32', name: 'reportHash', type: 'bytes32'},
			{indexed: false, internalType: 'uint40', name: 'windowEndsAt', type: 'uint40'},
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				indexed: false,
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{indexed: false, internalType: 'bytes', name: 'statement', type: 'bytes'},
		],
		name: 'Reported',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{indexed: true, internalType: 'uint256', name: 'period', type: 'uint256'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'StakeReturned',
		type: 'event',
	},
	{
		inputs: [],
		name: 'allowances',
		outputs: [
			{internalType: 'contract ICarbonAllowance', name: '', type: 'address'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{internalType: 'enum DemandKind', name: 'kind', type: 'uint8'},
			{
				components: [
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'time', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint64', name: 'index', type: 'uint64'},
					{internalType: 'bytes', name: 'leafData', type: 'bytes'},
					{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
				],
				internalType: 'struct LoggedEntry',
				name: 'edge',
				type: 'tuple',
			},
		],
		name: 'answerEdge',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{internalType: 'uint48', name: 'number', type: 'uint48'},
			{internalType: 'bytes32', name: 'leaf', type: 'bytes32'},
			{internalType: 'bytes32[]', name: 'path', type: 'bytes32[]'},
		],
		name: 'answerEntry',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{
				components: [
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'time', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint64', name: 'index', type: 'uint64'},
					{internalType: 'bytes', name: 'leafData', type: 'bytes'},
					{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
				],
				internalType: 'struct LoggedEntry',
				name: 'entry',
				type: 'tuple',
			},
			{internalType: 'bytes32[]', name: 'path', type: 'bytes32[]'},
		],
		name: 'answerNumber',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
		],
		name: 'bondOf',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{
				components: [
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'time', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint64', name: 'index', type: 'uint64'},
					{internalType: 'bytes', name: 'leafData', type: 'bytes'},
					{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
				],
				internalType: 'struct LoggedEntry',
				name: 'edge',
				type: 'tuple',
			},
			{
				components: [
					{
						components: [
							{internalType: 'uint64', name: 'size', type: 'uint64'},
							{internalType: 'uint64', name: 'time', type: 'uint64'},
							{internalType: 'bytes32', name: 'root', type: 'bytes32'},
							{internalType: 'uint64', name: 'index', type: 'uint64'},
							{internalType: 'bytes', name: 'leafData', type: 'bytes'},
							{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
						],
						internalType: 'struct LoggedEntry',
						name: 'entry',
						type: 'tuple',
					},
					{internalType: 'bytes16', name: 'salt', type: 'bytes16'},
					{internalType: 'uint64', name: 'channels', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint48', name: 'number', type: 'uint48'},
					{internalType: 'uint64', name: 'place', type: 'uint64'},
					{internalType: 'bytes32[]', name: 'path', type: 'bytes32[]'},
				],
				internalType: 'struct Tally',
				name: 'tally',
				type: 'tuple',
			},
		],
		name: 'challengeEnd',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{
				components: [
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'time', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint64', name: 'index', type: 'uint64'},
					{internalType: 'bytes', name: 'leafData', type: 'bytes'},
					{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
				],
				internalType: 'struct LoggedEntry',
				name: 'entry',
				type: 'tuple',
			},
			{internalType: 'bytes32', name: 'leaf', type: 'bytes32'},
			{internalType: 'bytes32[]', name: 'path', type: 'bytes32[]'},
		],
		name: 'challengeLeaf',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{
				components: [
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'time', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint64', name: 'index', type: 'uint64'},
					{internalType: 'bytes', name: 'leafData', type: 'bytes'},
					{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
				],
				internalType: 'struct LoggedEntry',
				name: 'entry',
				type: 'tuple',
			},
		],
		name: 'challengeOutside',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{
				components: [
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'time', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint64', name: 'index', type: 'uint64'},
					{internalType: 'bytes', name: 'leafData', type: 'bytes'},
					{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
				],
				internalType: 'struct LoggedEntry',
				name: 'edge',
				type: 'tuple',
			},
		],
		name: 'challengeStart',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		name: 'closeDemand',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
		],
		name: 'creditOf',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{
				components: [
					{
						components: [
							{internalType: 'uint64', name: 'size', type: 'uint64'},
							{internalType: 'uint64', name: 'time', type: 'uint64'},
							{internalType: 'bytes32', name: 'root', type: 'bytes32'},
							{internalType: 'uint64', name: 'index', type: 'uint64'},
							{internalType: 'bytes', name: 'leafData', type: 'bytes'},
							{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
						],
						internalType: 'struct LoggedEntry',
						name: 'entry',
						type: 'tuple',
					},
					{internalType: 'bytes16', name: 'salt', type: 'bytes16'},
					{internalType: 'uint64', name: 'channels', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint48', name: 'number', type: 'uint48'},
					{internalType: 'uint64', name: 'place', type: 'uint64'},
					{internalType: 'bytes32[]', name: 'path', type: 'bytes32[]'},
				],
				internalType: 'struct Tally',
				name: 'tally',
				type: 'tuple',
			},
		],
		name: 'demandEnd',
		outputs: [
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		stateMutability: 'payable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{
				components: [
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'time', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint64', name: 'index', type: 'uint64'},
					{internalType: 'bytes', name: 'leafData', type: 'bytes'},
					{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
				],
				internalType: 'struct LoggedEntry',
				name: 'entry',
				type: 'tuple',
			},
		],
		name: 'demandEntry',
		outputs: [
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		stateMutability: 'payable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
			{internalType: 'uint48', name: 'number', type: 'uint48'},
		],
		name: 'demandNumber',
		outputs: [
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		stateMutability: 'payable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		name: 'demandOf',
		outputs: [
			{internalType: 'address', name: 'by', type: 'address'},
			{internalType: 'uint40', name: 'answerBefore', type: 'uint40'},
			{internalType: 'bytes32', name: 'reportHash', type: 'bytes32'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'demandStake',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'channel', type: 'uint256'},
		],
		name: 'demandStart',
		outputs: [
			{internalType: 'bytes32', name: 'demandId', type: 'bytes32'},
		],
		stateMutability: 'payable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{internalType: 'uint256', name: 'period', type: 'uint256'},
			{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
			{internalType: 'bytes32', name: 'reasonHash', type: 'bytes32'},
		],
		name: 'determine',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
		],
		name: 'fundBond',
		outputs: [],
		stateMutability: 'payable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'uint64', name: 'size', type: 'uint64'},
			{internalType: 'uint64', name: 'time', type: 'uint64'},
			{internalType: 'bytes32', name: 'root', type: 'bytes32'},
		],
		name: 'isKept',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'uint64', name: 'size', type: 'uint64'},
			{internalType: 'uint64', name: 'time', type: 'uint64'},
			{internalType: 'bytes32', name: 'root', type: 'bytes32'},
		],
		name: 'keepHead',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{internalType: 'uint256', name: 'period', type: 'uint256'},
		],
		name: 'planOf',
		outputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'statements', type: 'bytes32'},
			{internalType: 'bytes32', name: 'subjectsHash', type: 'bytes32'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
					{internalType: 'uint256', name: 'period', type: 'uint256'},
					{internalType: 'uint8', name: 'attempt', type: 'uint8'},
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'headSize', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'bytes32', name: 'entriesRoot', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
					{
						components: [
							{internalType: 'uint48', name: 'first', type: 'uint48'},
							{internalType: 'uint48', name: 'last', type: 'uint48'},
						],
						internalType: 'struct Range[]',
						name: 'ranges',
						type: 'tuple[]',
					},
				],
				internalType: 'struct Report',
				name: 'report',
				type: 'tuple',
			},
			{
				components: [
					{internalType: 'uint64', name: 'size', type: 'uint64'},
					{internalType: 'uint64', name: 'time', type: 'uint64'},
					{internalType: 'bytes32', name: 'root', type: 'bytes32'},
					{internalType: 'uint64', name: 'index', type: 'uint64'},
					{internalType: 'bytes', name: 'leafData', type: 'bytes'},
					{internalType: 'bytes32[]', name: 'inclusionProof', type: 'bytes32[]'},
				],
				internalType: 'struct LoggedEntry',
				name: 'statement',
				type: 'tuple',
			},
		],
		name: 'postReport',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{internalType: 'uint256', name: 'period', type: 'uint256'},
			{
				components: [
					{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
					{internalType: 'bytes32', name: 'statements', type: 'bytes32'},
					{internalType: 'bytes32[]', name: 'subjects', type: 'bytes32[]'},
				],
				internalType: 'struct Plan',
				name: 'plan',
				type: 'tuple',
			},
		],
		name: 'registerPlan',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'registry',
		outputs: [
			{internalType: 'contract IAnchorRegistry', name: '', type: 'address'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{internalType: 'uint256', name: 'period', type: 'uint256'},
			{internalType: 'bytes32', name: 'reasonHash', type: 'bytes32'},
		],
		name: 'reject',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{internalType: 'uint256', name: 'period', type: 'uint256'},
		],
		name: 'returnStake',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{internalType: 'uint256', name: 'period', type: 'uint256'},
		],
		name: 'standingOf',
		outputs: [
			{
				components: [
					{internalType: 'enum ReportStatus', name: 'status', type: 'uint8'},
					{internalType: 'uint8', name: 'attempts', type: 'uint8'},
					{internalType: 'uint40', name: 'windowEndsAt', type: 'uint40'},
					{internalType: 'uint32', name: 'openDemands', type: 'uint32'},
					{internalType: 'bytes32', name: 'reportHash', type: 'bytes32'},
					{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
					{internalType: 'uint256', name: 'stake', type: 'uint256'},
				],
				internalType: 'struct ReportStanding',
				name: '',
				type: 'tuple',
			},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{internalType: 'uint256', name: 'period', type: 'uint256'},
		],
		name: 'totalOf',
		outputs: [
			{internalType: 'bool', name: 'isSettled', type: 'bool'},
			{internalType: 'uint256', name: 'totalMg', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'siteId', type: 'bytes32'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
			{internalType: 'address', name: 'to', type: 'address'},
		],
		name: 'withdrawBond',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
			{internalType: 'address', name: 'to', type: 'address'},
		],
		name: 'withdrawCredit',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
] as const;

export const carbonReportsBytecode = '0x60e060405234801561001057600080fd5b50604051615a12380380615a1283398101604081905261002f916100bf565b80600003610050576040516372f0f93160e11b815260040160405180910390fd5b6001600160401b0381111561008c57604051637f16270360e01b8152600481018290526001600160401b03602482015260440160405180910390fd5b6001600160a01b03928316608052911660a05260c052610102565b6001600160a01b03811681146100bc57600080fd5b50565b6000806000606084860312156100d457600080fd5b83516100df816100a7565b60208501519093506100f0816100a7565b80925050604084015190509250925092565b60805160a05160c0516158556101bd6000396000818161028d015281816115fa015281816122a4015281816122de015261331e0152600081816104ed015281816108b40152613e810152600081816103aa01528181610a1601528181610aa301528181610eb501528181610f490152818161110101528181611703015281816118250152818161191d01528181611cf701528181611e1701528181611f480152818161237101528181612b11015261340101526158556000f3fe6080604052600436106101d85760003560e01c806375807250116101025780639bb99abe11610095578063d373ff1611610064578063d373ff1614610602578063d412db0c14610632578063e126540914610652578063ec96e588146106e757600080fd5b80639bb99abe1461058f578063a8bf1a25146105af578063b4023c4d146105cf578063c22b3dc1146105ef57600080fd5b80637fdd1469116100d15780637fdd14691461050f5780638246a0ee146105225780638409d4b114610542578063877485561461056f57600080fd5b8063758072501461046e57806377f7742b1461049b578063786a554f146104bb5780637b103999146104db57600080fd5b80632bee6f2f1161017a578063476407621161014957806347640762146103e45780635482d0ad1461041b5780635ed529a41461043b5780635fb01c4c1461044e57600080fd5b80632bee6f2f14610345578063336eedb6146103655780633a81716e146103785780633ed10b921461039857600080fd5b806315837b1d116101b657806315837b1d1461025b578063223a5d631461027b57806325f31002146102af5780632a26b77c1461032557600080fd5b80630b40170c146101dd5780630c7dab5b146101ff5780630fb585ba14610225575b600080fd5b3480156101e957600080fd5b506101fd6101f83660046146ec565b610707565b005b61021261020d36600461472b565b6107d4565b6040519081526020015b60405180910390f35b34801561023157600080fd5b5061021261024036600461476f565b6000908152602081905260409020546001600160601b031690565b34801561026757600080fd5b506101fd61027636600461479f565b610880565b34801561028757600080fd5b506102127f000000000000000000000000000000000000000000000000000000000000000081565b3480156102bb57600080fd5b5061030a6102ca3660046147e3565b6000918252600160208181526040808520938552928152928290208251606081018452815480825292820154948101859052600290910154920182905292565b6040805193845260208401929092529082015260600161021c565b34801561033157600080fd5b506101fd610340366004614805565b6109f8565b34801561035157600080fd5b506101fd61036036600461484c565b610c96565b610212610373366004614892565b610d41565b34801561038457600080fd5b506101fd6103933660046147e3565b610d75565b3480156103a457600080fd5b506103cc7f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b03909116815260200161021c565b3480156103f057600080fd5b506104046103ff3660046147e3565b610dee565b60408051921515835260208301919091520161021c565b34801561042757600080fd5b506101fd6104363660046148fa565b610e77565b6101fd61044936600461476f565b610f33565b34801561045a57600080fd5b506101fd61046936600461497c565b61104f565b34801561047a57600080fd5b50610212610489366004614a17565b60066020526000908152604090205481565b3480156104a757600080fd5b506101fd6104b6366004614a7f565b6111c6565b3480156104c757600080fd5b506101fd6104d6366004614b10565b611229565b3480156104e757600080fd5b506103cc7f000000000000000000000000000000000000000000000000000000000000000081565b61021261051d3660046148fa565b6112ac565b34801561052e57600080fd5b506101fd61053d366004614bb2565b6112f0565b34801561054e57600080fd5b5061056261055d3660046147e3565b6113cf565b60405161021c9190614c15565b34801561057b57600080fd5b506101fd61058a36600461472b565b6114b4565b34801561059b57600080fd5b506101fd6105aa3660046148fa565b611675565b3480156105bb57600080fd5b506101fd6105ca366004614c7a565b6117dc565b3480156105db57600080fd5b506101fd6105ea366004614d07565b61180c565b6102126105fd366004614d52565b611b12565b34801561060e57600080fd5b5061062261061d36600461479f565b611b7e565b604051901515815260200161021c565b34801561063e57600080fd5b506101fd61064d366004614db8565b611bad565b34801561065e57600080fd5b506106bc61066d36600461476f565b600090815260056020908152604091829020825160608101845281546001600160a01b038116808352600160a01b90910464ffffffffff16938201849052600190920154930183905292909190565b604080516001600160a01b03909416845264ffffffffff90921660208401529082015260600161021c565b3480156106f357600080fd5b506101fd610702366004614e33565b611df1565b61070f611f44565b600083815260026020908152604080832085845290915281209061073282612007565b9050600181600481111561074857610748614beb565b146107805760028201546040516308c6dbd960e11b815261077791839164ffffffffff90911690600401614e9a565b60405180910390fd5b8154604051848152859087907fe415b4a693e96cca0053868978ddf2bc7a5dabd91a900146b0588f96b58e658a9060200160405180910390a46107c282612071565b6107cd8585846120b6565b5050505050565b6000806107e084612168565b90506107ec8484612254565b60006107fc610140860186614ebc565b8581811061080c5761080c614f05565b6108229260206040909202019081019150614f1b565b90508065ffffffffffff16600103610865576040516307ed905360e01b815265ffffffffffff821660048201526000602482018190526044820152606401610777565b61087585836002878560006122a0565b925050505b92915050565b604051635b765fef60e11b8152600481018590526001600160401b03808516602483015283166044820152606481018290527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b03169063b6ecbfde90608401602060405180830381865afa158015610903573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906109279190614f36565b6109655760405163bef45c0960e01b8152600481018590526001600160401b0380851660248301528316604482015260648101829052608401610777565b600160046000610977878787876124f7565b815260200190815260200160002060006101000a81548160ff021916908315150217905550826001600160401b0316847fbc4258e975ef4a5975151b5bcd4d997a28c871265270ec3bcc4ecded646bf8f083856040516109ea9291909182526001600160401b0316602082015260400190565b60405180910390a350505050565b610a00611f44565b604051630b61a88760e01b8152600481018590527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690630b61a88790602401602060405180830381865afa158015610a65573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190610a899190614f58565b5060405163f8549af960e01b8152600481018490526000907f00000000000000000000000000000000000000000000000000000000000000006001600160a01b03169063f8549af99060240161010060405180830381865afa158015610af3573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190610b179190614fde565b9050806060015164ffffffffff16421015610b54576060810151604051630a8d68c960e21b815264ffffffffff9091166004820152602401610777565b6000858152600260209081526040808320878452909152812090610b7782612007565b90506000816004811115610b8d57610b8d614beb565b14158015610bad57506002816004811115610baa57610baa614beb565b14155b15610be0578082600101601c9054906101000a900460ff16604051634871c31560e11b81526004016107779291906150b0565b60018201805460ff60e81b1916600160ea1b17905569d3c21bcecceda1000000851115610c3357604051637f16270360e01b81526004810186905269d3c21bcecceda10000006024820152604401610777565b6001820180546001600160801b0319166001600160801b0387161790556040805186815260208101869052879189917fff9affd36b0ecf9373a14f64242a5415748cb1ab7e036568d4e72e175875e53b910160405180910390a350505050505050565b3360009081526006602052604090205480831115610cd757604051631968bb9b60e11b81523360048201526024810184905260448101829052606401610777565b610ce183826150e4565b3360008181526006602090815260409182902093909355518581526001600160a01b038516927f52fc0f9d902f33823a83590d3549f63f5492a0df5c6b6db8dee20deb94456b26910160405180910390a3610d3c828461253f565b505050565b600080610d4d85612168565b9050610d5a8585856125c5565b610d6a85826001878760006122a0565b9150505b9392505050565b6000828152600260209081526040808320848452909152812090610d9882612007565b90506003816004811115610dae57610dae614beb565b14610ddd576002820154604051637f79d9e360e01b815261077791839164ffffffffff90911690600401614e9a565b610de88484846120b6565b50505050565b60008281526002602090815260408083208484529091528120819081610e1382612007565b90506003816004811115610e2957610e29614beb565b1480610e4657506004816004811115610e4457610e44614beb565b145b935083610e54576000610e63565b60018201546001600160801b03165b6001600160801b0316925050509250929050565b6000610e8284612168565b9050610e8e8483612698565b60405163f8549af960e01b815260208501356004820152610f289085906001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000169063f8549af99060240161010060405180830381865afa158015610efd573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190610f219190614fde565b8585612798565b610de8848233612a8c565b604051630b61a88760e01b8152600481018290527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690630b61a88790602401602060405180830381865afa158015610f98573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190610fbc9190614f58565b5060008181526020819052604081208054349290610fe49084906001600160601b03166150f7565b92506101000a8154816001600160601b0302191690836001600160601b03160217905550336001600160a01b0316817f2bdceb9de44ad4a93d2038dce0109ce190388cc8eafb043eb20d07bd021bec803460405161104491815260200190565b60405180910390a350565b600061105a85612168565b905061106f8561106a8480615116565b612698565b61107a858584612c24565b600061108a610140870187614ebc565b8681811061109a5761109a614f05565b90506040020160200160208101906110b29190614f1b565b905065ffffffffffff8116156111b3576110cc8685612698565b60006110da87878785612fde565b60405163f8549af960e01b8152602089013560048201529091506000906001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000169063f8549af99060240161010060405180830381865afa158015611149573d6000803e3d6000fd5b505050506040513d601f19601f8201168201806040525081019061116d9190614fde565b602001516111849064ffffffffff166103e8615136565b90508082106111b05760405163694899d960e11b81526004810183905260248101829052604401610777565b50505b6111be868333612a8c565b505050505050565b60006111fc876040516020016111dc919061534c565b60405160208183030381529060405280519060200120600088888861304f565b90506112078161308b565b5061121687878787878761310a565b611220878261322d565b50505050505050565b6112338584612698565b6000806112418787876133a9565b91509150600061127e8860405160200161125b919061534c565b60405160208183030381529060405280519060200120600189866000801b61304f565b90506112898161308b565b5061129888888585898961310a565b6112a2888261322d565b5050505050505050565b6000806112b885612168565b90506112c48584612698565b6000806112d28787876133a9565b915091506112e5878460008986866122a0565b979650505050505050565b6112f9836133e8565b6000838152602081905260409020546001600160601b03168083111561134b576040516345862e9760e11b8152600481018590526001600160601b038216602482015260448101849052606401610777565b611355838261535f565b6000858152602081815260409182902080546bffffffffffffffffffffffff19166001600160601b039490941693909317909255518481526001600160a01b0384169186917f25ea4793db0032b8cdaaca90cfb1a94c62132a3aa5194c98958659c26fe2672e910160405180910390a3610de8828461253f565b6040805160e0808201835260008083526020808401829052838501829052606084018290526080840182905260a0840182905260c0840182905286825260028152848220868352905283902083519182019093529091908061143083612007565b600481111561144157611441614beb565b81526001830154600160e01b810460ff166020830152600284015464ffffffffff8116604084015265010000000000900463ffffffff166060830152925460808201526001600160801b03831660a0820152600160801b9092046001600160601b031660c0909201919091529392505050565b60006114bf8261308b565b90506000836040516020016114d4919061534c565b6040516020818303038152906040528051906020012090508160400151811461152157808260400151604051632cfac0a960e01b8152600401610777929190918252602082015260400190565b83356000908152600260209081526040808320828801358452909152812090600180830154600160e81b900460ff16600481111561156157611561614beb565b14158061156f575081548314155b9050801580156115895750836020015164ffffffffff1642105b156115bd57602084015160405163df4804b360e01b81526004810187905264ffffffffff9091166024820152604401610777565b600085815260056020908152604080832080546001600160c81b031916815560010183905586516001600160a01b031683526006909152812080547f0000000000000000000000000000000000000000000000000000000000000000929061162690849061537e565b9091555050604051811515815285907eee83aca363076f4303103ef11a4646f06382fb2a4bf3a4e2d0d889363a09cb9060200160405180910390a2806111be576111be86838660000151612a8c565b600061168084612168565b905061168c8483612698565b6116968484612254565b60006116a6610140860186614ebc565b858181106116b6576116b6614f05565b6116cc9260206040909202019081019150614f1b565b905060006116dc86868685612fde565b60405163f8549af960e01b8152602088013560048201529091506000906001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000169063f8549af99060240161010060405180830381865afa15801561174b573d6000803e3d6000fd5b505050506040513d601f19601f8201168201806040525081019061176f9190614fde565b516117839064ffffffffff166103e8615136565b90508265ffffffffffff166001148061179b57508082105b156117d1576040516307ed905360e01b815265ffffffffffff841660048201526024810183905260448101829052606401610777565b611220878533612a8c565b60006117e787612168565b90506117f38786612698565b6118018787878787876134b0565b611220878233612a8c565b60405163f8549af960e01b8152600481018390526000907f00000000000000000000000000000000000000000000000000000000000000006001600160a01b03169063f8549af99060240161010060405180830381865afa158015611875573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906118999190614fde565b6000858152600160209081526040808320878452909152902081519192509064ffffffffff164210156118d4576118cf856133e8565b611992565b6002810154156118ff5780600201546040516318713ceb60e31b815260040161077791815260200190565b611907611f44565b604051630b61a88760e01b8152600481018690527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690630b61a88790602401602060405180830381865afa15801561196c573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906119909190614f58565b505b60006119a16040850185615391565b90509050806000036119c6576040516338d9a53560e21b815260040160405180910390fd5b60408111156119f457604080516396c2db9d60e01b8152610777918391600401918252602082015260400190565b60015b81811015611a7d57611a0c6040860186615391565b82818110611a1c57611a1c614f05565b90506020020135858060400190611a339190615391565b611a3e6001856150e4565b818110611a4d57611a4d614f05565b9050602002013510611a755760405163130ddb4d60e21b815260048101829052602401610777565b6001016119f7565b5083356020850135611a926040870187615391565b604051602001611aa39291906153da565b60408051601f1981840301815290829052805160209091012060028601556001850191909155908355843590869088907f3dad5de5ccc56c570d78a2f44d7f6748afa603ec15018c76d2efbddf0065d5a890611b0290899033906153f6565b60405180910390a4505050505050565b600080611b1e85612168565b9050611b2e8561106a8580615116565b611b39858585612c24565b610d6a8582600387611b4f610140850185614ebc565b8a818110611b5f57611b5f614f05565b9050604002016020016020810190611b779190614f1b565b60006122a0565b600060046000611b90878787876124f7565b815260208101919091526040016000205460ff1695945050505050565b611bb78484612254565b6002826003811115611bcb57611bcb614beb565b14158015611beb57506003826003811115611be857611be8614beb565b14155b15611c0b5781604051632233a04b60e01b81526004016107779190615458565b36611c1a610140860186614ebc565b85818110611c2a57611c2a614f05565b604002919091019150600090506002846003811115611c4b57611c4b614beb565b14611c6557611c606040830160208401614f1b565b611c72565b611c726020830183614f1b565b90506000611cac87604051602001611c8a919061534c565b604051602081830303815290604052805190602001208688856000801b61304f565b9050611cb78161308b565b50611cc28785612698565b6000611cd088888786612fde565b60405163f8549af960e01b815260208a013560048201529091506000906001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000169063f8549af99060240161010060405180830381865afa158015611d3f573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190611d639190614fde565b905060006002886003811115611d7b57611d7b614beb565b14611da0576020820151611d989064ffffffffff166103e8615136565b831015611db8565b8151611db59064ffffffffff166103e8615136565b83105b905080611ddb5760405163756b383560e01b815260048101859052602401610777565b611de58a8561322d565b50505050505050505050565b611dfb82356133e8565b60405163f8549af960e01b8152602083013560048201526000907f00000000000000000000000000000000000000000000000000000000000000006001600160a01b03169063f8549af99060240161010060405180830381865afa158015611e67573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190611e8b9190614fde565b9050806060015164ffffffffff164210611ec757606081015160405163348f2b4160e11b815264ffffffffff9091166004820152602401610777565b611ed0836134f3565b611edb83828461379a565b600080611ee88584613b7d565b909250905081602086013586357fc9cd616bed2389e6acd46bc0ae07c67385e987b6298008a4c8a3535a4bd3b8208489611f2560808b018b615466565b604051611f3594939291906154ac565b60405180910390a45050505050565b60007f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031663dd8fee146040518163ffffffff1660e01b8152600401602060405180830381865afa158015611fa4573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190611fc89190614f58565b9050336001600160a01b0382161461200457604051632241edd560e11b81523360048201526001600160a01b0382166024820152604401610777565b50565b600181810154600160e81b900460ff169081600481111561202a5761202a614beb565b1480156120485750600282015465010000000000900463ffffffff16155b801561205f5750600282015464ffffffffff164210155b1561206c57506003919050565b919050565b6001810180547fffff00ffffffffffffffffffffffffff0000000000000000000000000000000016600160e91b179055600201805468ffffffff000000000019169055565b6001810180546bffffffffffffffffffffffff60801b198116909155600084815260208190526040812080546001600160601b03600160801b909404841693849391612104918591166150f7565b92506101000a8154816001600160601b0302191690836001600160601b0316021790555082847f6f8bc24fc9c650fba4c37a54ff09ca6b9dfb1dd444ae166e5d14191aae690c55836040516109ea91906001600160601b0391909116815260200190565b80356000908152600260209081526040808320828501358452825280832090519092916121979185910161534c565b604051602081830303815290604052805190602001209050816000015481146121e0578154604051632cfac0a960e01b8152610777918391600401918252602082015260400190565b600180830154600160e81b900460ff16600481111561220157612201614beb565b1415806122195750600282015464ffffffffff164210155b1561224e5761222782612007565b60028301546040516308c6dbd960e11b8152610777929164ffffffffff1690600401614e9a565b50919050565b612262610120830183615391565b9050811061229c5780612279610120840184615391565b60405163b74e864560e01b81526004810193909352602483015250604401610777565b5050565b60007f0000000000000000000000000000000000000000000000000000000000000000341461230a57604051630239dc1360e61b81523460048201527f00000000000000000000000000000000000000000000000000000000000000006024820152604401610777565b8554612319818787878761304f565b6000818152600560205260409020549092506001600160a01b031615612355576040516371fc1b5360e01b815260048101839052602401610777565b60405163f8549af960e01b8152602089013560048201526000907f00000000000000000000000000000000000000000000000000000000000000006001600160a01b03169063f8549af99060240161010060405180830381865afa1580156123c1573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906123e59190614fde565b60c001516123f89062ffffff164261537e565b6040805160608101825233815264ffffffffff808416602080840191825283850188815260008a815260059283905295909520935184549251909316600160a01b026001600160c81b03199092166001600160a01b039390931692909217178255915160019182015560028b018054939450909290919061248a90849063ffffffff6501000000000090910416615500565b92506101000a81548163ffffffff021916908363ffffffff16021790555081837ffd3c8f27726c82f2f6edb6404dc85305cb0ee87c41f715fed3e624bc2a1da7c68989898933886040516124e39695949392919061551c565b60405180910390a350509695505050505050565b604080516020808201969096526001600160401b03948516818301529290931660608301526080808301919091528251808303909101815260a0909101909152805191012090565b6000826001600160a01b03168260405160006040518083038185875af1925050503d806000811461258c576040519150601f19603f3d011682016040523d82523d6000602084013e612591565b606091505b5050905080610d3c5760405163a09e616560e01b81526001600160a01b038416600482015260248101839052604401610777565b6125cf8383612254565b366125de610140850185614ebc565b848181106125ee576125ee614f05565b60400291909101915061260690506020820182614f1b565b65ffffffffffff168265ffffffffffff161080612641575061262e6040820160208301614f1b565b65ffffffffffff168265ffffffffffff16115b15610de857816126546020830183614f1b565b6126646040840160208501614f1b565b60405163160cd6f160e31b815265ffffffffffff938416600482015291831660248301529091166044820152606401610777565b6126a8604082016020830161556a565b6001600160401b03161580156126ea57506126c960c0830160a0840161556a565b6001600160401b03166126df602083018361556a565b6001600160401b0316145b80156126fd57508160c001358160400135145b15612706575050565b612735606083013561271b602084018461556a565b61272b604085016020860161556a565b8460400135613e4a565b61229c57606082013561274b602083018361556a565b61275b604084016020850161556a565b6040805163bef45c0960e01b815260048101949094526001600160401b039283166024850152911660448301528201356064820152608401610777565b6127a28483612254565b60006127b2856060013583613f13565b90506127bf858483613fc7565b805160ff166001148015906127d95750805160ff16600814155b156127ff578051604051630b16b67760e01b815260ff9091166004820152602401610777565b600061280a82614044565b9050600080866000015164ffffffffff166103e86128289190615136565b60208801516128409064ffffffffff166103e8615136565b91509150818310806128525750808310155b15612881576040516305f3905b60e41b8152600481018490526024810183905260448101829052606401610777565b61289160a0890160808a0161556a565b6001600160401b03166128aa608087016060880161556a565b6001600160401b0316106129a6576000876040015164ffffffffff166103e86128d39190615136565b85610120015165ffffffffffff161080156128f3575060c0850151600816155b905060008180612948575061290e604088016020890161556a565b6001600160401b03161580159061294857506040808a015164ffffffffff169061293d90890160208a0161556a565b6001600160401b0316105b90508061299b5761295f608088016060890161556a565b61296f60a08c0160808d0161556a565b60405163641d5cd160e01b81526001600160401b03928316600482015291166024820152604401610777565b505050505050610de8565b366129b56101408a018a614ebc565b888181106129c5576129c5614f05565b6040029190910191506129dd90506020820182614f1b565b65ffffffffffff1685610140015165ffffffffffff1610158015612a255750612a0c6040820160208301614f1b565b65ffffffffffff1685610140015165ffffffffffff1611155b15612a8157610140850151612a3d6020830183614f1b565b612a4d6040840160208501614f1b565b6040516323b13c7160e21b815265ffffffffffff938416600482015291831660248301529091166044820152606401610777565b505050505050505050565b6001820154600160801b90046001600160601b03166000612aae60028361559b565b6001850180546bffffffffffffffffffffffff60801b191690559050612ad384612071565b6001600160a01b03831660009081526006602052604081208054839290612afb90849061537e565b90915550612b0b905081836150e4565b600660007f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031663dd8fee146040518163ffffffff1660e01b8152600401602060405180830381865afa158015612b6d573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190612b919190614f58565b6001600160a01b03166001600160a01b031681526020019081526020016000206000828254612bc0919061537e565b90915550508354604080516000356001600160e01b03191681526001600160a01b03861660208083019190915291810184905290870135908735907ecf86b0fb999dc5a746f6251ff1bee7c9034768ca97744f5efc6e0ae5039c3690606001611f35565b612c2e8383612254565b6000612c3a8280615116565b612c4b90608081019060600161556a565b9050612c5d60a085016080860161556a565b6001600160401b0316816001600160401b03161115612cb35780612c8760a086016080870161556a565b6040516317c4e76960e01b81526001600160401b03928316600482015291166024820152604401610777565b6000612ccc6060860135612cc78580615116565b613f13565b805190915060ff166002141580612cec5750608081015161ffff16600314155b15612d2057805160808201516040516301976f5360e11b815260ff909216600483015261ffff166024820152604401610777565b60006002612d3460408601602087016155af565b612d5285612d486060890160408a0161556a565b886060013561407b565b604051602001612d639291906155fd565b60408051601f1981840301815290829052612d7d91615644565b602060405180830381855afa158015612d9a573d6000803e3d6000fd5b5050506040513d601f19601f82011682018060405250810190612dbd9190615656565b90508161018001518114612df457610180820151604051624b1fff60e81b8152600481019190915260248101829052604401610777565b6000612e04610120880188615391565b87818110612e1457612e14614f05565b9050602002013590506000600282876080016020810190612e359190614f1b565b6040516d6b656467652f74616c6c792f763160881b6020820152603081019290925260d01b6001600160d01b031916605082015260560160408051601f1981840301815290829052612e8691615644565b602060405180830381855afa158015612ea3573d6000803e3d6000fd5b5050506040513d601f19601f82011682018060405250810190612ec69190615656565b9050612f0381612edc60c0890160a08a0161556a565b612eec60608a0160408b0161556a565b60608a0135612efe60c08c018c615391565b6140e3565b612f425781612f1860a0880160808901614f1b565b60405163077a9e0b60e51b8152600481019290925265ffffffffffff166024820152604401610777565b6000612f526101408a018a614ebc565b89818110612f6257612f62614f05565b9050604002016020016020810190612f7a9190614f1b565b905065ffffffffffff8116612f9560a0890160808a01614f1b565b65ffffffffffff1611612a8157612fb260a0880160808901614f1b565b60405163dcbf174760e01b815265ffffffffffff91821660048201529082166024820152604401610777565b600080612fec868686614219565b90508265ffffffffffff1681610140015165ffffffffffff161461303c576101408101516040516314d4e2ff60e21b815265ffffffffffff91821660048201529084166024820152604401610777565b61304581614044565b9695505050505050565b6000858585858560405160200161306a95949392919061566f565b60405160208183030381529060405280519060200120905095945050505050565b604080516060808201835260008083526020808401829052928401819052848152600583528390208351918201845280546001600160a01b038116808452600160a01b90910464ffffffffff1693830193909352600101549281019290925261206c5760405163a6c01e9b60e01b815260048101839052602401610777565b60008060005b61311e6101408a018a614ebc565b90508110156131e257366131366101408b018b614ebc565b8381811061314657613146614f05565b905060400201905088820361318b576131626020820182614f1b565b65ffffffffffff168865ffffffffffff168461317e91906156a7565b61318891906156c6565b93505b6131986020820182614f1b565b65ffffffffffff166131b06040830160208401614f1b565b6131c39065ffffffffffff1660016156a7565b6131cd91906156c6565b6131d790846156a7565b925050600101613110565b506131f68583838b610100013588886140e3565b6112a25760405163ea79ff8960e01b8152600481018690526001600160401b03808416602483015282166044820152606401610777565b600081815260056020908152604080832080546001600160c81b031916815560019081018490558535845260028352818420868401358552909252909120906001820154600160e81b900460ff16600481111561328c5761328c614beb565b1480156132c25750826040516020016132a5919061534c565b604051602081830303815290604052805190602001208160000154145b1561330a5760018160020160058282829054906101000a900463ffffffff166132eb91906156e5565b92506101000a81548163ffffffff021916908363ffffffff1602179055505b8235600090815260208190526040812080547f000000000000000000000000000000000000000000000000000000000000000092906133539084906001600160601b03166150f7565b92506101000a8154816001600160601b0302191690836001600160601b03160217905550817f0efdea1320d9b8a1bc15f5c7a718388e0a562eeb890ff95c2fa7113765c3547c60405160405180910390a2505050565b6000806133b7858585614219565b610140015191506133c98585846125c5565b6133de6133d96080850185615466565b614246565b9050935093915050565b604051630b61a88760e01b8152600481018290526000907f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690630b61a88790602401602060405180830381865afa158015613450573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906134749190614f58565b9050336001600160a01b0382161461229c5760405163ca6f6f0d60e01b81523360048201526001600160a01b0382166024820152604401610777565b6000806134be8888886133a9565b915091508085036134e557604051639af4a1f960e01b815260048101869052602401610777565b6112a288888488888861310a565b8035600090815260016020908152604080832082850135845290915290208054606083013514613546578054604051631f840c4f60e01b8152606084013560048201526024810191909152604401610777565b6000613556610120840184615391565b6040516020016135679291906153da565b604051602081830303815290604052805190602001209050816002015481146135b557600282015460405160016141cd60e71b03198152610777918391600401918252602082015260400190565b6135c3610120840184615391565b90506135d3610140850185614ebc565b90501461361b576135e8610140840184614ebc565b90506135f8610120850185615391565b604051630cc139df60e31b81526004810193909352602483015250604401610777565b60005b61362c610140850185614ebc565b9050811015610de85736613644610140860186614ebc565b8381811061365457613654614f05565b6040029190910191506000905061366e6020830183614f1b565b65ffffffffffff16600114801561369a57506136906040830160208401614f1b565b65ffffffffffff16155b9050600060016136ad6020850185614f1b565b65ffffffffffff16101580156136ee57506136ce6040840160208501614f1b565b65ffffffffffff166136e36020850185614f1b565b65ffffffffffff1611155b8015613729575061370560a088016080890161556a565b6001600160401b031661371e6040850160208601614f1b565b65ffffffffffff1611155b905081158015613737575080155b1561378c578361374a6020850185614f1b565b61375a6040860160208701614f1b565b6040516365f5fa2b60e11b8152600481019390935265ffffffffffff9182166024840152166044820152606401610777565b50505080600101905061361e565b6137a7602082018261556a565b6001600160401b03166137c060c0850160a0860161556a565b6001600160401b03161415806137de575080604001358360c0013514155b15613822576137f360c0840160a0850161556a565b604051633a4a19e760e11b81526001600160401b03909116600482015260c08401356024820152604401610777565b60408083015164ffffffffff169061383f9083016020840161556a565b6001600160401b031610156138945761385e604082016020830161556a565b604080840151905163be7c401b60e01b81526001600160401b03909216600483015264ffffffffff166024820152604401610777565b6138a9606084013561271b602084018461556a565b6138bf57606083013561274b602083018361556a565b60006138cf846060013583613f13565b805190915060009060ff1660081480156138f15750608082015161ffff166004145b8015613902575060a082015160000b155b8015613915575060c082015162ffffff16155b9050801580613948575084356000908152600160208181526040808420828a013585529091529091200154606083015114155b80613982575061395e60a086016080870161556a565b6001600160401b0316613977608085016060860161556a565b6001600160401b0316105b156139e6578160000151826080015183606001518560600160208101906139a9919061556a565b6040516304073a3d60e31b815260ff909416600485015261ffff909216602484015260448301526001600160401b03166064820152608401610777565b6000846020015164ffffffffff166103e8613a019190615136565b90508083610100015165ffffffffffff1614613a485761010083015160405163a90022a360e01b815265ffffffffffff909116600482015260248101829052604401610777565b60008360e0015160070b1280613a6f57508560e001358360e001516001600160401b031614155b15613aa05760e083810151604051631555be4560e21b815291880135600483015260070b6024820152604401610777565b853560009081526003602090815260408083206060808b0135855292528220918291613ad2906080890190890161556a565b6001600160401b0316815260208101919091526040016000205460ff1615613b37578660600135856060016020810190613b0c919061556a565b60405163a02d3f1560e01b815260048101929092526001600160401b03166024820152604401610777565b6001816000613b4c6080890160608a0161556a565b6001600160401b031681526020810191909152604001600020805460ff191691151591909117905550505050505050565b813560009081526002602090815260408083208286013584529091528120819081613ba782612007565b9050600080826004811115613bbe57613bbe614beb565b1480613bdb57506002826004811115613bd957613bd9614beb565b145b9050600083600101601c9054906101000a900460ff166001613bfd9190615701565b9050811580613c0f5750600260ff8216115b15613c42578284600101601c9054906101000a900460ff16604051634871c31560e11b81526004016107779291906150b0565b60ff8116613c5660608a0160408b0161571a565b60ff1614613c9557613c6e6060890160408a0161571a565b60405163578aced160e01b815260ff91821660048201529082166024820152604401610777565b60e087015188356000908152602081905260409020546001600160601b03908116908216811015613cf3576040516345862e9760e11b81528a3560048201526001600160601b03808316602483015283166044820152606401610777565b613cfd828261535f565b8a356000908152602081815260409182902080546bffffffffffffffffffffffff19166001600160601b03949094169390931790925551613d40918c910161534c565b6040516020818303038152906040528051906020012097508860a0015163ffffffff1642613d6e919061537e565b96508786600001819055508960e001358660010160006101000a8154816001600160801b0302191690836001600160801b03160217905550818660010160106101000a8154816001600160601b0302191690836001600160601b03160217905550868660020160006101000a81548164ffffffffff021916908364ffffffffff1602179055508286600101601c6101000a81548160ff021916908360ff160217905550600186600101601d6101000a81548160ff02191690836004811115613e3857613e38614beb565b02179055505050505050509250929050565b604051635b765fef60e11b8152600481018590526001600160401b03808516602483015283166044820152606481018290526000907f00000000000000000000000000000000000000000000000000000000000000006001600160a01b03169063b6ecbfde90608401602060405180830381865afa158015613ed0573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190613ef49190614f36565b80613f0a575060046000611b90878787876124f7565b95945050505050565b613f1b614680565b613f5d613f2e6133d96080850185615466565b613f3e608085016060860161556a565b613f4b602086018661556a565b6040860135612efe60a0880188615391565b613fb25782613f6f602084018461556a565b613f7f608085016060860161556a565b604051630e31bd7360e11b815260048101939093526001600160401b039182166024840152166044820152606401610777565b610d6e613fc26080840184615466565b614297565b613fd5610120840184615391565b83818110613fe557613fe5614f05565b90506020020135816060015114610d3c576060810151614009610120850185615391565b8481811061401957614019614f05565b9050602002013560405163aed4fec760e01b8152600401610777929190918252602082015260400190565b600081610100015165ffffffffffff166000146140665781610100015161406d565b8161012001515b65ffffffffffff1692915050565b6060614086846143ec565b61408f846143ec565b6140b9846040516020016140a591815260200190565b6040516020818303038152906040526144f5565b6040516020016140cb93929190615735565b60405160208183030381529060405290509392505050565b6000846001600160401b0316866001600160401b03161015806141065750604082115b1561411357506000613045565b6001600160401b03808716906000906141309060019089166150e4565b905060008060006040516001810160218201600183538e600052600194508a8789185b801561418f5760018a1660051b60005181860152823581850352506020600060418760025afa60019a8b1c9a971696602092909201911c614153565b505b88156141c0578035835260005182526020600060418660025afa6000198a019099169890951694602001614191565b60005196508a60051b8c01811494508b811460203d14178616955050505050816141fd576040516386a9562d60e01b815260040160405180910390fd5b80801561420957508883145b9c9b505050505050505050505050565b614221614680565b61422b8484612254565b614239846060013583613f13565b9050610d6e848483613fc7565b600080604051600081538385600183013760206000600186018360025afa60005193503d602014169150819050614290576040516386a9562d60e01b815260040160405180910390fd5b5092915050565b61429f614680565b607682146142c3576040516333e719ff60e01b815260048101839052602401610777565b823560128401356032850135605286013560e01c605687013560f085901c60ff1660011461430d57604051638a22867360e01b815260ff60f087901c166004820152602401610777565b60f885901c60000361433557604051635a950e0160e01b815260006004820152602401610777565b604080516101a08101825260f887901c815260ff60f088811c91909116602083015260109790971b6001600160801b031916918101919091526060808201959095529483901c608086015260e883901c60000b60a086015260d083901c62ffffff1660c0860152609083901c60070b60e08601529282901c65ffffffffffff908116610100860152603083901c811661012086015290911661014084015263ffffffff166101608301526101808201529392505050565b6060600160006143fd600a856157e3565b6001600160401b031690505b801561442c5761441882615811565b9150614425600a8261559b565b9050614409565b50806001600160401b0381111561444557614445614f75565b6040519080825280601f01601f19166020018201604052801561446f576020820181803683370190505b5091506001600160401b038316815b80156144ed5761448f600a8361582a565b61449a90603061537e565b60f81b846144a96001846150e4565b815181106144b9576144b9614f05565b60200101906001600160f81b031916908160001a9053506144db600a8361559b565b91506144e68161583e565b905061447e565b505050919050565b606061087a8260006060825160000361451d575060408051602081019091526000815261087a565b60008261454e57600384516002614534919061537e565b61453e919061559b565b614549906004615136565b614573565b60038451600461455e9190615136565b61456990600261537e565b614573919061559b565b905060405191507f4142434445464748494a4b4c4d4e4f505152535455565758595a616263646566601f5261067083027f6768696a6b6c6d6e6f707172737475767778797a303132333435363738392b2f18603f52602082018181018586518701602081018051600082525b82841015614632576003840193508351603f8160121c16518753600187019650603f81600c1c16518753600187019650603f8160061c16518753600187019650603f8116518753506001860195506145df565b90525085905061467357600386510660018114614656576002811461466957614671565b603d6001840353603d6002840353614671565b603d60018403535b505b9183525060405292915050565b604080516101a081018252600080825260208201819052918101829052606081018290526080810182905260a0810182905260c0810182905260e08101829052610100810182905261012081018290526101408101829052610160810182905261018081019190915290565b60008060006060848603121561470157600080fd5b505081359360208301359350604090920135919050565b6000610160828403121561224e57600080fd5b6000806040838503121561473e57600080fd5b82356001600160401b0381111561475457600080fd5b61476085828601614718565b95602094909401359450505050565b60006020828403121561478157600080fd5b5035919050565b80356001600160401b038116811461206c57600080fd5b600080600080608085870312156147b557600080fd5b843593506147c560208601614788565b92506147d360408601614788565b9396929550929360600135925050565b600080604083850312156147f657600080fd5b50508035926020909101359150565b6000806000806080858703121561481b57600080fd5b5050823594602084013594506040840135936060013592509050565b6001600160a01b038116811461200457600080fd5b6000806040838503121561485f57600080fd5b82359150602083013561487181614837565b809150509250929050565b803565ffffffffffff8116811461206c57600080fd5b6000806000606084860312156148a757600080fd5b83356001600160401b038111156148bd57600080fd5b6148c986828701614718565b935050602084013591506148df6040850161487c565b90509250925092565b600060c0828403121561224e57600080fd5b60008060006060848603121561490f57600080fd5b83356001600160401b0381111561492557600080fd5b61493186828701614718565b9350506020840135915060408401356001600160401b0381111561495457600080fd5b614960868287016148e8565b9150509250925092565b600060e0828403121561224e57600080fd5b6000806000806080858703121561499257600080fd5b84356001600160401b038111156149a857600080fd5b6149b487828801614718565b9450506020850135925060408501356001600160401b038111156149d757600080fd5b6149e3878288016148e8565b92505060608501356001600160401b038111156149ff57600080fd5b614a0b8782880161496a565b91505092959194509250565b600060208284031215614a2957600080fd5b8135610d6e81614837565b60008083601f840112614a4657600080fd5b5081356001600160401b03811115614a5d57600080fd5b6020830191508360208260051b8501011115614a7857600080fd5b9250929050565b60008060008060008060a08789031215614a9857600080fd5b86356001600160401b03811115614aae57600080fd5b614aba89828a01614718565b96505060208701359450614ad06040880161487c565b93506060870135925060808701356001600160401b03811115614af257600080fd5b614afe89828a01614a34565b979a9699509497509295939492505050565b600080600080600060808688031215614b2857600080fd5b85356001600160401b03811115614b3e57600080fd5b614b4a88828901614718565b9550506020860135935060408601356001600160401b03811115614b6d57600080fd5b614b79888289016148e8565b93505060608601356001600160401b03811115614b9557600080fd5b614ba188828901614a34565b969995985093965092949392505050565b600080600060608486031215614bc757600080fd5b83359250602084013591506040840135614be081614837565b809150509250925092565b634e487b7160e01b600052602160045260246000fd5b60058110614c1157614c11614beb565b9052565b600060e082019050614c28828451614c01565b60ff602084015116602083015264ffffffffff604084015116604083015263ffffffff60608401511660608301526080830151608083015260a083015160a083015260c083015160c083015292915050565b60008060008060008060a08789031215614c9357600080fd5b86356001600160401b03811115614ca957600080fd5b614cb589828a01614718565b9650506020870135945060408701356001600160401b03811115614cd857600080fd5b614ce489828a016148e8565b9450506060870135925060808701356001600160401b03811115614af257600080fd5b600080600060608486031215614d1c57600080fd5b833592506020840135915060408401356001600160401b03811115614d4057600080fd5b840160608187031215614be057600080fd5b600080600060608486031215614d6757600080fd5b83356001600160401b03811115614d7d57600080fd5b614d8986828701614718565b9350506020840135915060408401356001600160401b03811115614dac57600080fd5b6149608682870161496a565b60008060008060808587031215614dce57600080fd5b84356001600160401b03811115614de457600080fd5b614df087828801614718565b94505060208501359250604085013560048110614e0c57600080fd5b915060608501356001600160401b03811115614e2757600080fd5b614a0b878288016148e8565b60008060408385031215614e4657600080fd5b82356001600160401b03811115614e5c57600080fd5b614e6885828601614718565b92505060208301356001600160401b03811115614e8457600080fd5b614e90858286016148e8565b9150509250929050565b60408101614ea88285614c01565b64ffffffffff831660208301529392505050565b6000808335601e19843603018112614ed357600080fd5b8301803591506001600160401b03821115614eed57600080fd5b6020019150600681901b3603821315614a7857600080fd5b634e487b7160e01b600052603260045260246000fd5b600060208284031215614f2d57600080fd5b610d6e8261487c565b600060208284031215614f4857600080fd5b81518015158114610d6e57600080fd5b600060208284031215614f6a57600080fd5b8151610d6e81614837565b634e487b7160e01b600052604160045260246000fd5b805164ffffffffff8116811461206c57600080fd5b805163ffffffff8116811461206c57600080fd5b805162ffffff8116811461206c57600080fd5b80516001600160601b038116811461206c57600080fd5b6000610100828403128015614ff257600080fd5b5060405161010081016001600160401b038111828210171561502457634e487b7160e01b600052604160045260246000fd5b60405261503083614f8b565b815261503e60208401614f8b565b602082015261504f60408401614f8b565b604082015261506060608401614f8b565b606082015261507160808401614f8b565b608082015261508260a08401614fa0565b60a082015261509360c08401614fb4565b60c08201526150a460e08401614fc7565b60e08201529392505050565b604081016150be8285614c01565b60ff831660208301529392505050565b634e487b7160e01b600052601160045260246000fd5b8181038181111561087a5761087a6150ce565b6001600160601b03818116838216019081111561087a5761087a6150ce565b6000823560be1983360301811261512c57600080fd5b9190910192915050565b808202811582820484141761087a5761087a6150ce565b803560ff8116811461206c57600080fd5b6000808335601e1984360301811261517557600080fd5b83016020810192503590506001600160401b0381111561519457600080fd5b8060051b3603821315614a7857600080fd5b81835260006001600160fb1b038311156151bf57600080fd5b8260051b80836020870137939093016020019392505050565b6000808335601e198436030181126151ef57600080fd5b83016020810192503590506001600160401b0381111561520e57600080fd5b8060061b3603821315614a7857600080fd5b81835260208301925060008160005b848110156152765765ffffffffffff6152478361487c565b16865265ffffffffffff61525d6020840161487c565b166020870152604095860195919091019060010161522f565b5093949350505050565b8035825260208082013590830152600061529c6040830161514d565b60ff166040840152606082810135908401526152ba60808301614788565b6001600160401b031660808401526152d460a08301614788565b6001600160401b031660a084015260c0828101359084015260e08083013590840152610100808301359084015261530f61012083018361515e565b610160610120860152615327610160860182846151a6565b9150506153386101408401846151d8565b858303610140870152613045838284615220565b602081526000610d6e6020830184615280565b6001600160601b03828116828216039081111561087a5761087a6150ce565b8082018082111561087a5761087a6150ce565b6000808335601e198436030181126153a857600080fd5b8301803591506001600160401b038211156153c257600080fd5b6020019150600581901b3603821315614a7857600080fd5b6020815260006153ee6020830184866151a6565b949350505050565b60408082528335828201526020840135606083015260009061541a9085018561515e565b6060608085015261542f60a0850182846151a6565b9250505060018060a01b03831660208301529392505050565b60048110614c1157614c11614beb565b6020810161087a8284615448565b6000808335601e1984360301811261547d57600080fd5b8301803591506001600160401b0382111561549757600080fd5b602001915036819003821315614a7857600080fd5b64ffffffffff851681526060602082015260006154cc6060830186615280565b8281036040840152838152838560208301376000602085830101526020601f19601f86011682010191505095945050505050565b63ffffffff818116838216019081111561087a5761087a6150ce565b60c0810161552a8289615448565b602082019690965265ffffffffffff94909416604085015260608401929092526001600160a01b0316608083015264ffffffffff1660a090910152919050565b60006020828403121561557c57600080fd5b610d6e82614788565b634e487b7160e01b600052601260045260246000fd5b6000826155aa576155aa615585565b500490565b6000602082840312156155c157600080fd5b81356001600160801b031981168114610d6e57600080fd5b60005b838110156155f45781810151838201526020016155dc565b50506000910152565b6c6b656467652f626f64792f763160981b81526001600160801b03198316600e820152815160009061563681601e8501602087016155d9565b91909101601e019392505050565b6000825161512c8184602087016155d9565b60006020828403121561566857600080fd5b5051919050565b85815260a081016156836020830187615448565b84604083015265ffffffffffff841660608301528260808301529695505050505050565b6001600160401b03818116838216019081111561087a5761087a6150ce565b6001600160401b03828116828216039081111561087a5761087a6150ce565b63ffffffff828116828216039081111561087a5761087a6150ce565b60ff818116838216019081111561087a5761087a6150ce565b60006020828403121561572c57600080fd5b610d6e8261514d565b7f7b226e6f7465223a2274616c6c79222c2273697a65223a00000000000000000081526000845161576d8160178501602089016155d9565b6b161131b430b73732b639911d60a11b60179184019182015284516157998160238401602089016155d9565b6017818301019150506816113937b7ba111d1160b91b600c82015283516157c78160158401602088016155d9565b61227d60f01b6015929091019182015260170195945050505050565b60006001600160401b038316806157fc576157fc615585565b806001600160401b0384160491505092915050565b600060018201615823576158236150ce565b5060010190565b60008261583957615839615585565b500690565b60008161584d5761584d6150ce565b50600019019056';
