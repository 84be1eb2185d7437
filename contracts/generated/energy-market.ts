// The interface and creation code of contracts/EnergyMarket.sol. Made by `npm run contracts`; do not edit.

export const energyMarketAbi = [
	{
		inputs: [
			{
				components: [
					{internalType: 'address', name: 'rules', type: 'address'},
					{internalType: 'address', name: 'token', type: 'address'},
					{internalType: 'address', name: 'registry', type: 'address'},
					{internalType: 'address', name: 'court', type: 'address'},
					{internalType: 'address', name: 'operator', type: 'address'},
					{internalType: 'uint64', name: 'challengeWindow', type: 'uint64'},
					{internalType: 'uint64', name: 'readingDeadline', type: 'uint64'},
					{internalType: 'uint64', name: 'answerWindow', type: 'uint64'},
					{internalType: 'uint64', name: 'withdrawDelay', type: 'uint64'},
					{internalType: 'uint64', name: 'escapeAfter', type: 'uint64'},
					{internalType: 'uint128', name: 'bondMin', type: 'uint128'},
					{internalType: 'uint128', name: 'penalty', type: 'uint128'},
					{internalType: 'uint128', name: 'demandStake', type: 'uint128'},
				],
				internalType: 'struct MarketConfig',
				name: 'config',
				type: 'tuple',
			},
		],
		stateMutability: 'nonpayable',
		type: 'constructor',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'AlreadyDemanded',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'AlreadyKnown',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
			{internalType: 'uint256', name: 'most', type: 'uint256'},
		],
		name: 'AmountTooLarge',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'what', type: 'bytes32'},
			{internalType: 'uint256', name: 'value', type: 'uint256'},
			{internalType: 'uint256', name: 'least', type: 'uint256'},
			{internalType: 'uint256', name: 'most', type: 'uint256'},
		],
		name: 'BadConfig',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
		],
		name: 'BadSignature',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'bond', type: 'uint256'},
			{internalType: 'uint256', name: 'least', type: 'uint256'},
		],
		name: 'BondTooSmall',
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
		inputs: [
			{internalType: 'uint256', name: 'creditNano', type: 'uint256'},
			{internalType: 'uint256', name: 'debitNano', type: 'uint256'},
		],
		name: 'CreditsUnequalDebits',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
			{internalType: 'uint64', name: 'latestDay', type: 'uint64'},
		],
		name: 'DayAlreadyPosted',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
			{internalType: 'uint64', name: 'requestDay', type: 'uint64'},
		],
		name: 'DayBeforeRequest',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
		],
		name: 'DayIsFinal',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
			{internalType: 'uint64', name: 'finalAt', type: 'uint64'},
		],
		name: 'DayNotFinal',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
			{internalType: 'uint64', name: 'expected', type: 'uint64'},
		],
		name: 'DayOutOfOrder',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
			{internalType: 'uint256', name: 'deposited', type: 'uint256'},
		],
		name: 'DepositTooSmall',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
			{internalType: 'uint256', name: 'escrow', type: 'uint256'},
		],
		name: 'EscrowTooSmall',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'index', type: 'uint256'},
			{internalType: 'uint256', name: 'leaves', type: 'uint256'},
		],
		name: 'IndexOutsideTree',
		type: 'error',
	},
	{
		inputs: [],
		name: 'MarketIsHalted',
		type: 'error',
	},
	{
		inputs: [],
		name: 'MarketIsNotHalted',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'court', type: 'address'},
		],
		name: 'NoCourtThere',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
		],
		name: 'NoWithdrawalRequested',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
		],
		name: 'NotAbsent',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'caller', type: 'address'},
		],
		name: 'NotCourt',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'NotDemanded',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
		],
		name: 'NotLatestFinalDay',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'caller', type: 'address'},
		],
		name: 'NotOperator',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'caller', type: 'address'},
			{internalType: 'address', name: 'owner', type: 'address'},
		],
		name: 'NotOwnerNorDso',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
		],
		name: 'NothingToPay',
		type: 'error',
	},
	{
		inputs: [],
		name: 'Reentered',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'rules', type: 'address'},
			{internalType: 'address', name: 'energyMarket', type: 'address'},
		],
		name: 'RulesOfAnother',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'token', type: 'address'},
		],
		name: 'SafeERC20FailedOperation',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'headerHash', type: 'bytes32'},
		],
		name: 'SlotAlreadyPosted',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'SlotIsVoid',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'SlotNotPosted',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'sum', type: 'uint256'},
		],
		name: 'SumTooLarge',
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
			{internalType: 'uint64', name: 'haltableAt', type: 'uint64'},
		],
		name: 'TooEarlyToHalt',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint32', name: 'count', type: 'uint32'},
		],
		name: 'TooFewAccounts',
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
			{internalType: 'uint64', name: 'day', type: 'uint64'},
		],
		name: 'TooManyAttempts',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'asked', type: 'uint256'},
			{internalType: 'uint256', name: 'received', type: 'uint256'},
		],
		name: 'TransferTookFee',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'UnknownMeter',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'found', type: 'bytes32'},
			{internalType: 'bytes32', name: 'expected', type: 'bytes32'},
		],
		name: 'WrongBalancesRoot',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
			{internalType: 'bytes32', name: 'found', type: 'bytes32'},
			{internalType: 'bytes32', name: 'expected', type: 'bytes32'},
		],
		name: 'WrongDayHeader',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'found', type: 'uint256'},
			{internalType: 'uint256', name: 'expected', type: 'uint256'},
		],
		name: 'WrongPathLength',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'found', type: 'bytes32'},
			{internalType: 'bytes32', name: 'expected', type: 'bytes32'},
		],
		name: 'WrongRoot',
		type: 'error',
	},
	{
		inputs: [],
		name: 'ZeroAmount',
		type: 'error',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'from', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'BondFunded',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'reason', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'challenger', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
			{indexed: false, internalType: 'uint256', name: 'reward', type: 'uint256'},
		],
		name: 'BondSlashed',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
			{indexed: false, internalType: 'uint64', name: 'payableAt', type: 'uint64'},
		],
		name: 'BondWithdrawalRequested',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'BondWithdrawn',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'account', type: 'address'},
			{indexed: true, internalType: 'uint64', name: 'day', type: 'uint64'},
			{indexed: false, internalType: 'address', name: 'to', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'Claimed',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'account', type: 'address'},
			{indexed: true, internalType: 'address', name: 'to', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'CreditCollected',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'account', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'CreditFunded',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'from', type: 'address'},
			{indexed: true, internalType: 'address', name: 'to', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'CreditMoved',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'uint64', name: 'day', type: 'uint64'},
			{indexed: true, internalType: 'bytes32', name: 'dayHash', type: 'bytes32'},
			{indexed: false, internalType: 'bytes32', name: 'balancesRoot', type: 'bytes32'},
			{indexed: false, internalType: 'uint64', name: 'finalAt', type: 'uint64'},
		],
		name: 'DayPosted',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'uint64', name: 'day', type: 'uint64'},
			{indexed: false, internalType: 'uint64', name: 'through', type: 'uint64'},
			{indexed: true, internalType: 'bytes32', name: 'reason', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'challenger', type: 'address'},
		],
		name: 'DaysVoided',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'account', type: 'address'},
			{indexed: true, internalType: 'address', name: 'from', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'Deposited',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: false, internalType: 'uint64', name: 'lastDay', type: 'uint64'},
		],
		name: 'Halted',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'uint64', name: 'slot', type: 'uint64'},
			{indexed: true, internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'by', type: 'address'},
			{indexed: false, internalType: 'uint64', name: 'answerBefore', type: 'uint64'},
		],
		name: 'ReadingDemanded',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'uint64', name: 'slot', type: 'uint64'},
			{indexed: true, internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'ReadingMissing',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'uint64', name: 'slot', type: 'uint64'},
			{indexed: true, internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{indexed: false, internalType: 'int64', name: 'meteredWh', type: 'int64'},
			{indexed: false, internalType: 'bool', name: 'acknowledged', type: 'bool'},
		],
		name: 'ReadingRecorded',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'uint64', name: 'slot', type: 'uint64'},
			{indexed: true, internalType: 'bytes32', name: 'headerHash', type: 'bytes32'},
			{indexed: false, internalType: 'uint64', name: 'volumeWh', type: 'uint64'},
			{indexed: false, internalType: 'uint64', name: 'priceBuy', type: 'uint64'},
			{indexed: false, internalType: 'uint64', name: 'priceSell', type: 'uint64'},
		],
		name: 'SlotPosted',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'uint64', name: 'slot', type: 'uint64'},
			{indexed: true, internalType: 'bytes32', name: 'reason', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'challenger', type: 'address'},
		],
		name: 'SlotVoided',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'account', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
			{indexed: false, internalType: 'uint64', name: 'payableAt', type: 'uint64'},
		],
		name: 'WithdrawalRequested',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'account', type: 'address'},
			{indexed: true, internalType: 'address', name: 'to', type: 'address'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'Withdrawn',
		type: 'event',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
		],
		name: 'accountOf',
		outputs: [
			{internalType: 'uint256', name: 'deposited', type: 'uint256'},
			{internalType: 'uint256', name: 'drawn', type: 'uint256'},
			{internalType: 'uint256', name: 'withdrawalPending', type: 'uint256'},
			{internalType: 'uint64', name: 'requestedAt', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'answerWindow',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'bond',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'bondMin',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'challengeWindow',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'uint64', name: 'day', type: 'uint64'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'rowsRoot', type: 'bytes32'},
					{internalType: 'uint32', name: 'accountCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'balancesRoot', type: 'bytes32'},
				],
				internalType: 'struct DayHeader',
				name: 'header',
				type: 'tuple',
			},
			{
				components: [
					{internalType: 'address', name: 'account', type: 'address'},
					{internalType: 'int128', name: 'cumNano', type: 'int128'},
					{internalType: 'uint32', name: 'firstRow', type: 'uint32'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
				],
				internalType: 'struct Balance',
				name: 'balance',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'index', type: 'uint256'},
			{internalType: 'bytes', name: 'path', type: 'bytes'},
		],
		name: 'claim',
		outputs: [
			{internalType: 'uint256', name: 'paid', type: 'uint256'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'uint64', name: 'day', type: 'uint64'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'rowsRoot', type: 'bytes32'},
					{internalType: 'uint32', name: 'accountCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'balancesRoot', type: 'bytes32'},
				],
				internalType: 'struct DayHeader',
				name: 'header',
				type: 'tuple',
			},
			{
				components: [
					{internalType: 'address', name: 'account', type: 'address'},
					{internalType: 'int128', name: 'cumNano', type: 'int128'},
					{internalType: 'uint32', name: 'firstRow', type: 'uint32'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
				],
				internalType: 'struct Balance',
				name: 'balance',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'index', type: 'uint256'},
			{internalType: 'bytes', name: 'path', type: 'bytes'},
			{
				components: [
					{internalType: 'address', name: 'to', type: 'address'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
					{internalType: 'bytes', name: 'signature', type: 'bytes'},
				],
				internalType: 'struct Recipient',
				name: 'recipient',
				type: 'tuple',
			},
		],
		name: 'claimTo',
		outputs: [
			{internalType: 'uint256', name: 'paid', type: 'uint256'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'closeDemand',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'address', name: 'to', type: 'address'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
					{internalType: 'bytes', name: 'signature', type: 'bytes'},
				],
				internalType: 'struct Recipient',
				name: 'recipient',
				type: 'tuple',
			},
			{internalType: 'address', name: 'account', type: 'address'},
		],
		name: 'collect',
		outputs: [
			{internalType: 'uint256', name: 'paid', type: 'uint256'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'court',
		outputs: [
			{internalType: 'address', name: '', type: 'address'},
		],
		stateMutability: 'view',
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
		inputs: [],
		name: 'dayAttemptsMax',
		outputs: [
			{internalType: 'uint8', name: '', type: 'uint8'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
		],
		name: 'dayCommit',
		outputs: [
			{internalType: 'bytes32', name: 'dayHash', type: 'bytes32'},
			{internalType: 'uint64', name: 'postedAt', type: 'uint64'},
			{internalType: 'uint64', name: 'finalAt', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'demandOf',
		outputs: [
			{internalType: 'address', name: 'by', type: 'address'},
			{internalType: 'uint64', name: 'answerBefore', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'demandReading',
		outputs: [],
		stateMutability: 'nonpayable',
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
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'deposit',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'depositFor',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'domainSeparator',
		outputs: [
			{internalType: 'bytes32', name: '', type: 'bytes32'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'escapeAfter',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'escrow',
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
					{internalType: 'uint64', name: 'day', type: 'uint64'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'rowsRoot', type: 'bytes32'},
					{internalType: 'uint32', name: 'accountCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'balancesRoot', type: 'bytes32'},
				],
				internalType: 'struct DayHeader',
				name: 'header',
				type: 'tuple',
			},
			{
				components: [
					{internalType: 'address', name: 'account', type: 'address'},
					{internalType: 'int128', name: 'cumNano', type: 'int128'},
					{internalType: 'uint32', name: 'firstRow', type: 'uint32'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
				],
				internalType: 'struct Balance',
				name: 'balance',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'index', type: 'uint256'},
			{internalType: 'bytes', name: 'path', type: 'bytes'},
			{
				components: [
					{internalType: 'address', name: 'to', type: 'address'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
					{internalType: 'bytes', name: 'signature', type: 'bytes'},
				],
				internalType: 'struct Recipient',
				name: 'recipient',
				type: 'tuple',
			},
		],
		name: 'exit',
		outputs: [
			{internalType: 'uint256', name: 'paid', type: 'uint256'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
			{
				components: [
					{internalType: 'uint64', name: 'day', type: 'uint64'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'rowsRoot', type: 'bytes32'},
					{internalType: 'uint32', name: 'accountCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'balancesRoot', type: 'bytes32'},
				],
				internalType: 'struct DayHeader',
				name: 'header',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'index', type: 'uint256'},
			{
				components: [
					{internalType: 'address', name: 'account', type: 'address'},
					{internalType: 'int128', name: 'cumNano', type: 'int128'},
					{internalType: 'uint32', name: 'firstRow', type: 'uint32'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
				],
				internalType: 'struct Balance',
				name: 'left',
				type: 'tuple',
			},
			{internalType: 'bytes', name: 'leftPath', type: 'bytes'},
			{
				components: [
					{internalType: 'address', name: 'account', type: 'address'},
					{internalType: 'int128', name: 'cumNano', type: 'int128'},
					{internalType: 'uint32', name: 'firstRow', type: 'uint32'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
				],
				internalType: 'struct Balance',
				name: 'right',
				type: 'tuple',
			},
			{internalType: 'bytes', name: 'rightPath', type: 'bytes'},
			{
				components: [
					{internalType: 'address', name: 'to', type: 'address'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
					{internalType: 'bytes', name: 'signature', type: 'bytes'},
				],
				internalType: 'struct Recipient',
				name: 'recipient',
				type: 'tuple',
			},
		],
		name: 'exitAbsent',
		outputs: [
			{internalType: 'uint256', name: 'paid', type: 'uint256'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'firstDay',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'fundBond',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'fundCredit',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'halt',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'halted',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
		],
		name: 'isFinal',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'latestDay',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'market',
		outputs: [
			{internalType: 'bytes32', name: '', type: 'bytes32'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'from', type: 'address'},
			{internalType: 'address', name: 'to', type: 'address'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'moveCredit',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'nanoPerUnit',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'operator',
		outputs: [
			{internalType: 'address', name: '', type: 'address'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'account', type: 'address'},
		],
		name: 'payoutNonceOf',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'penalty',
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
					{internalType: 'uint64', name: 'day', type: 'uint64'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'rowsRoot', type: 'bytes32'},
					{internalType: 'uint32', name: 'accountCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'balancesRoot', type: 'bytes32'},
				],
				internalType: 'struct DayHeader',
				name: 'header',
				type: 'tuple',
			},
			{
				components: [
					{internalType: 'bytes32', name: 'left', type: 'bytes32'},
					{internalType: 'uint128', name: 'leftCredit', type: 'uint128'},
					{internalType: 'uint128', name: 'leftDebit', type: 'uint128'},
					{internalType: 'bytes32', name: 'right', type: 'bytes32'},
					{internalType: 'uint128', name: 'rightCredit', type: 'uint128'},
					{internalType: 'uint128', name: 'rightDebit', type: 'uint128'},
				],
				internalType: 'struct BalancesOpening',
				name: 'balances',
				type: 'tuple',
			},
		],
		name: 'postDay',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'uint64', name: 'slot', type: 'uint64'},
					{internalType: 'uint32', name: 'paramsVersion', type: 'uint32'},
					{internalType: 'uint8', name: 'mode', type: 'uint8'},
					{internalType: 'uint32', name: 'orderCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'orderSetRoot', type: 'bytes32'},
					{internalType: 'uint32', name: 'bidTiers', type: 'uint32'},
					{internalType: 'bytes32', name: 'bidRoot', type: 'bytes32'},
					{internalType: 'uint32', name: 'askTiers', type: 'uint32'},
					{internalType: 'bytes32', name: 'askRoot', type: 'bytes32'},
					{internalType: 'uint64', name: 'volumeWh', type: 'uint64'},
					{internalType: 'uint64', name: 'priceBuy', type: 'uint64'},
					{internalType: 'uint64', name: 'priceSell', type: 'uint64'},
				],
				internalType: 'struct SlotHeader',
				name: 'header',
				type: 'tuple',
			},
			{
				components: [
					{
						components: [
							{internalType: 'uint32', name: 'index', type: 'uint32'},
							{
								components: [
									{internalType: 'uint64', name: 'price', type: 'uint64'},
									{internalType: 'uint64', name: 'quantityWh', type: 'uint64'},
									{internalType: 'bytes32', name: 'ordersRoot', type: 'bytes32'},
								],
								internalType: 'struct Tier',
								name: 'last',
								type: 'tuple',
							},
							{internalType: 'bytes', name: 'lastPath', type: 'bytes'},
							{
								components: [
									{internalType: 'uint64', name: 'price', type: 'uint64'},
									{internalType: 'uint64', name: 'quantityWh', type: 'uint64'},
									{internalType: 'bytes32', name: 'ordersRoot', type: 'bytes32'},
								],
								internalType: 'struct Tier',
								name: 'next',
								type: 'tuple',
							},
							{internalType: 'bytes', name: 'nextPath', type: 'bytes'},
						],
						internalType: 'struct SideCertificate',
						name: 'bids',
						type: 'tuple',
					},
					{
						components: [
							{internalType: 'uint32', name: 'index', type: 'uint32'},
							{
								components: [
									{internalType: 'uint64', name: 'price', type: 'uint64'},
									{internalType: 'uint64', name: 'quantityWh', type: 'uint64'},
									{internalType: 'bytes32', name: 'ordersRoot', type: 'bytes32'},
								],
								internalType: 'struct Tier',
								name: 'last',
								type: 'tuple',
							},
							{internalType: 'bytes', name: 'lastPath', type: 'bytes'},
							{
								components: [
									{internalType: 'uint64', name: 'price', type: 'uint64'},
									{internalType: 'uint64', name: 'quantityWh', type: 'uint64'},
									{internalType: 'bytes32', name: 'ordersRoot', type: 'bytes32'},
								],
								internalType: 'struct Tier',
								name: 'next',
								type: 'tuple',
							},
							{internalType: 'bytes', name: 'nextPath', type: 'bytes'},
						],
						internalType: 'struct SideCertificate',
						name: 'asks',
						type: 'tuple',
					},
				],
				internalType: 'struct Certificate',
				name: '',
				type: 'tuple',
			},
		],
		name: 'postSlot',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'readingDeadline',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'readingOf',
		outputs: [
			{
				components: [
					{internalType: 'enum ReadingStatus', name: 'status', type: 'uint8'},
					{internalType: 'bool', name: 'acknowledged', type: 'bool'},
					{internalType: 'uint64', name: 'recordedAt', type: 'uint64'},
					{internalType: 'int64', name: 'meteredWh', type: 'int64'},
					{internalType: 'uint48', name: 'importFrom', type: 'uint48'},
					{internalType: 'uint48', name: 'importTo', type: 'uint48'},
					{internalType: 'uint48', name: 'exportFrom', type: 'uint48'},
					{internalType: 'uint48', name: 'exportTo', type: 'uint48'},
				],
				internalType: 'struct ProvenReading',
				name: '',
				type: 'tuple',
			},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{
				components: [
					{internalType: 'enum ReadingStatus', name: 'status', type: 'uint8'},
					{internalType: 'bool', name: 'acknowledged', type: 'bool'},
					{internalType: 'uint64', name: 'recordedAt', type: 'uint64'},
					{internalType: 'int64', name: 'meteredWh', type: 'int64'},
					{internalType: 'uint48', name: 'importFrom', type: 'uint48'},
					{internalType: 'uint48', name: 'importTo', type: 'uint48'},
					{internalType: 'uint48', name: 'exportFrom', type: 'uint48'},
					{internalType: 'uint48', name: 'exportTo', type: 'uint48'},
				],
				internalType: 'struct ProvenReading',
				name: 'reading',
				type: 'tuple',
			},
		],
		name: 'recordReading',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'registry',
		outputs: [
			{internalType: 'address', name: '', type: 'address'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'requestBondWithdrawal',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'requestWithdrawal',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'rules',
		outputs: [
			{internalType: 'contract IMarketRules', name: '', type: 'address'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'reason', type: 'bytes32'},
			{internalType: 'address', name: 'challenger', type: 'address'},
		],
		name: 'slash',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'slotCommit',
		outputs: [
			{internalType: 'bytes32', name: '', type: 'bytes32'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'slotStatus',
		outputs: [
			{internalType: 'enum SlotStatus', name: '', type: 'uint8'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'token',
		outputs: [
			{internalType: 'address', name: '', type: 'address'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'day', type: 'uint64'},
			{internalType: 'bytes32', name: 'reason', type: 'bytes32'},
			{internalType: 'address', name: 'challenger', type: 'address'},
			{internalType: 'bool', name: 'slashed', type: 'bool'},
		],
		name: 'voidDay',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
			{internalType: 'bytes32', name: 'reason', type: 'bytes32'},
			{internalType: 'address', name: 'challenger', type: 'address'},
			{internalType: 'bool', name: 'slashed', type: 'bool'},
		],
		name: 'voidSlot',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'uint64', name: 'day', type: 'uint64'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'rowsRoot', type: 'bytes32'},
					{internalType: 'uint32', name: 'accountCount', type: 'uint32'},
					{internalType: 'bytes32', name: 'balancesRoot', type: 'bytes32'},
				],
				internalType: 'struct DayHeader',
				name: 'header',
				type: 'tuple',
			},
			{
				components: [
					{internalType: 'address', name: 'account', type: 'address'},
					{internalType: 'int128', name: 'cumNano', type: 'int128'},
					{internalType: 'uint32', name: 'firstRow', type: 'uint32'},
					{internalType: 'uint32', name: 'rowCount', type: 'uint32'},
				],
				internalType: 'struct Balance',
				name: 'balance',
				type: 'tuple',
			},
			{internalType: 'uint256', name: 'index', type: 'uint256'},
			{internalType: 'bytes', name: 'path', type: 'bytes'},
			{
				components: [
					{internalType: 'address', name: 'to', type: 'address'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
					{internalType: 'bytes', name: 'signature', type: 'bytes'},
				],
				internalType: 'struct Recipient',
				name: 'recipient',
				type: 'tuple',
			},
		],
		name: 'withdraw',
		outputs: [
			{internalType: 'uint256', name: 'paid', type: 'uint256'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'withdrawBond',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [],
		name: 'withdrawDelay',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
] as const;

export const energyMarketBytecode = '0x6102a060405234801561001157600080fd5b5060405161648f38038061648f833981016040819052610030916106b9565b600081602001516001600160a01b031663313ce5676040518163ffffffff1660e01b8152600401602060405180830381865afa158015610074573d6000803e3d6000fd5b505050506040513d601f19601f8201168201806040525081019061009891906107cf565b60ff1690506100b667646563696d616c7360c01b82600060096105ab565b6100ec6e6368616c6c656e676557696e646f7760881b8360a001516001600160401b0316611c2062278d006105ab60201b60201c565b61012f6b616e7377657257696e646f7760a01b8360e001516001600160401b0316610e1060028660a001516101219190610807565b6001600160401b03166105ab565b6101646e72656164696e67446561646c696e6560881b8360c001516001600160401b0316600062278d006105ab60201b60201c565b6101bb6c776974686472617744656c617960981b8361010001516001600160401b03168460c001518560a0015161019b9190610844565b6101a89062015180610844565b6001600160401b03166301e133806105ab565b6101fd6a32b9b1b0b832a0b33a32b960a91b8361012001516001600160401b03168460c001518560a001516101f09190610844565b6101a8906202a300610844565b6102366670656e616c747960c81b8361016001516001600160801b031660018561014001516001600160801b03166105ab60201b60201c565b60808201516001600160a01b031661026957604051633b63649d60e11b8152600060048201526024015b60405180910390fd5b600082600001519050306001600160a01b0316816001600160a01b031663b0a9fded6040518163ffffffff1660e01b8152600401602060405180830381865afa1580156102ba573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906102de9190610863565b6001600160a01b03161461037f578260000151816001600160a01b031663b0a9fded6040518163ffffffff1660e01b8152600401602060405180830381865afa15801561032f573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906103539190610863565b6040516369539c6760e01b81526001600160a01b03928316600482015291166024820152604401610260565b6001600160a01b03811660a0819052604080516380f5560560e01b815290516380f55605916004808201926020929091908290030181865afa1580156103c9573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906103ed919061087e565b608090815260208401516001600160a01b0390811660c0526040850151811660e052606085015181166101005290840151166101205261042e826009610897565b61043990600a610991565b61014090815260a08401516001600160401b0390811661018090815260c086015182166101a05260e086015182166101c05261010086015182166101e05261012086015190911661020052908401516001600160801b03908116610220526101608501518116610240529084015116610260526040516317e6c86960e11b815260016004820152600090610526906001600160a01b03841690632fcd90d29060240161018060405180830381865afa1580156104f9573d6000803e3d6000fd5b505050506040513d601f19601f8201168201806040525081019061051d91906109b1565b608001516105f4565b6001600160401b038116610160529050610541600182610aa3565b600080546001600160401b0392909216600160801b02600160801b600160c01b03199092169190911781556105798262015180610ac2565b905042816001600160401b0316116105915742610593565b805b6001600160401b03166102805250610aeb9350505050565b818310806105b857508083115b156105ee576040516393bbdd2760e01b815260048101859052602481018490526044810183905260648101829052608401610260565b50505050565b6000610601606083610807565b92915050565b6040516101a081016001600160401b038111828210171561063857634e487b7160e01b600052604160045260246000fd5b60405290565b60405161018081016001600160401b038111828210171561063857634e487b7160e01b600052604160045260246000fd5b80516001600160a01b038116811461068657600080fd5b919050565b80516001600160401b038116811461068657600080fd5b80516001600160801b038116811461068657600080fd5b60006101a08284031280156106cd57600080fd5b506106d6610607565b6106df8361066f565b81526106ed6020840161066f565b60208201526106fe6040840161066f565b604082015261070f6060840161066f565b60608201526107206080840161066f565b608082015261073160a0840161068b565b60a082015261074260c0840161068b565b60c082015261075360e0840161068b565b60e0820152610765610100840161068b565b610100820152610778610120840161068b565b61012082015261078b61014084016106a2565b61014082015261079e61016084016106a2565b6101608201526107b161018084016106a2565b6101808201529392505050565b805160ff8116811461068657600080fd5b6000602082840312156107e157600080fd5b6107ea826107be565b9392505050565b634e487b7160e01b600052601160045260246000fd5b60006001600160401b0383168061082e57634e487b7160e01b600052601260045260246000fd5b6001600160401b03929092169190910492915050565b6001600160401b038181168382160190811115610601576106016107f1565b60006020828403121561087557600080fd5b6107ea8261066f565b60006020828403121561089057600080fd5b5051919050565b81810381811115610601576106016107f1565b6001815b60018411156108e5578085048111156108c9576108c96107f1565b60018416156108d757908102905b60019390931c9280026108ae565b935093915050565b6000826108fc57506001610601565b8161090957506000610601565b816001811461091f576002811461092957610945565b6001915050610601565b60ff84111561093a5761093a6107f1565b50506001821b610601565b5060208310610133831016604e8410600b8410161715610968575081810a610601565b61097560001984846108aa565b8060001904821115610989576109896107f1565b029392505050565b60006107ea83836108ed565b805163ffffffff8116811461068657600080fd5b60006101808284031280156109c557600080fd5b506109ce61063e565b6109d78361068b565b81526109e56020840161068b565b60208201526109f66040840161068b565b6040820152610a076060840161068b565b6060820152610a186080840161068b565b6080820152610a2960a0840161099d565b60a0820152610a3a60c0840161099d565b60c0820152610a4b60e084016107be565b60e0820152610a5d61010084016107be565b610100820152610a70610120840161066f565b610120820152610a83610140840161066f565b610140820152610a96610160840161066f565b6101608201529392505050565b6001600160401b038281168282160390811115610601576106016107f1565b6001600160401b038181168382160290811690818114610ae457610ae46107f1565b5092915050565b60805160a05160c05160e05161010051610120516101405161016051610180516101a0516101c0516101e0516102005161022051610240516102605161028051615770610d1f6000396000611b090152600081816104cb015281816110a70152818161239c0152612da50152600081816103e30152818161338d01526133b60152600081816108c501528181611625015281816116670152611cce01526000818161051801528181611b300152611b6a01526000818161038f015281816112330152818161274d01526137a101526000818161088b01528181610f3701528181610fbd015261105501526000818161082c01526115a8015260008181610783015281816110040152818161199a0152818161281a01528181612ee20152818161394a01526139d50152600081816108ec01528181611aa20152818161279a01528181612a6701528181612e71015281816138650152613d3901526000818161091301526143c60152600081816105df0152818161114f0152818161147b01528181611c17015281816123670152612b4d01526000818161034b01528181610a1c01528181611286015281816113090152818161135001528181611fb70152818161285d01526129b9015260006106520152600081816109ef015281816135b6015281816136380152818161368201526138140152600081816105b801528181610ca501528181610d6a015281816120660152818161344401526141a0015260008181610742015261303801526157706000f3fe608060405234801561001057600080fd5b50600436106103415760003560e01c806380f55605116101b8578063c2f654da11610104578063e82fa61b116100a2578063f81672ae1161007c578063f81672ae1461098c578063f915a9081461099f578063f96d0702146109b2578063fc0c546a146109ea57600080fd5b8063e82fa61b14610959578063f698da2514610971578063f7c85ae91461097957600080fd5b8063cf1405fe116100de578063cf1405fe146108e7578063e229d04d1461090e578063e2fdcc1714610935578063e327783c1461094657600080fd5b8063c2f654da14610886578063c6317678146108ad578063cb7f8266146108c057600080fd5b80639ee679e811610171578063a53e5f491161014b578063a53e5f4914610827578063b681b0f71461084e578063b6b55f2514610861578063b9b8af0b1461087457600080fd5b80639ee679e8146107de578063a0d7031a146107f1578063a3be05821461081457600080fd5b806380f556051461073d578063810ac52514610764578063861a14121461077e5780638c9b6f28146107a55780638e5ee8e8146107b85780639c5f1a73146107cb57600080fd5b80632f4f21e21161029257806364c9ec6f11610230578063758072501161020a578063758072501461062d5780637b1039991461064d5780637c509668146106745780638086b8ba1461068757600080fd5b806364c9ec6f1461060957806366eb9cec146106125780636b4047001461061a57600080fd5b80634f0786d71161026c5780634f0786d71461059357806352f6747a146105b3578063570ca735146105da5780635ed7ca5b1461060157600080fd5b80632f4f21e21461054d57806334bb6d791461056057806348ce3d161461057357600080fd5b80631fcfee63116102ff57806329f2fb1f116102d957806329f2fb1f146104ed5780632ab272d9146105005780632c1b5c36146105135780632cf0abe51461053a57600080fd5b80631fcfee631461049357806321e4624c146104a6578063223a5d63146104c657600080fd5b8062971a30146103465780630288a39c1461038a578063069f874a146103c95780630edd2ffc146103de57806311312f7d146104135780631f61e7ca14610480575b600080fd5b61036d7f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b0390911681526020015b60405180910390f35b6103b17f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160401b039091168152602001610381565b6103dc6103d736600461497f565b610a11565b005b6104057f000000000000000000000000000000000000000000000000000000000000000081565b604051908152602001610381565b6104596104213660046149d7565b60086020908152600092835260408084209091529082529020546001600160a01b03811690600160a01b90046001600160401b031682565b604080516001600160a01b0390931683526001600160401b03909116602083015201610381565b61040561048e366004614a85565b610aec565b6104056104a1366004614b21565b610b31565b6104b96104b43660046149d7565b610b67565b6040516103819190614bc8565b6104057f000000000000000000000000000000000000000000000000000000000000000081565b6103dc6104fb3660046149d7565b610c7d565b6103dc61050e366004614c77565b611144565b6103b17f000000000000000000000000000000000000000000000000000000000000000081565b6103dc610548366004614c90565b61127b565b6103dc61055b366004614cc0565b6112d4565b6103dc61056e366004614cde565b611470565b610586610581366004614d1f565b6119eb565b6040516103819190614d3a565b6104056105a1366004614d4d565b60046020526000908152604090205481565b61036d7f000000000000000000000000000000000000000000000000000000000000000081565b61036d7f000000000000000000000000000000000000000000000000000000000000000081565b6103dc611a2d565b61040560095481565b6103dc611c0c565b610405610628366004614a85565b611de0565b61040561063b366004614d4d565b60036020526000908152604090205481565b61036d7f000000000000000000000000000000000000000000000000000000000000000081565b610405610682366004614d6a565b611e4f565b610714610695366004614d4d565b6001600160a01b031660008181526001602090815260408083208151808301835290546001600160801b038082168352600160801b91829004811683860190815296865260028552948390208351808501909452548086168085529190046001600160401b031692909301829052519351938316949390921692909190565b604080519485526020850193909352918301526001600160401b03166060820152608001610381565b6104057f000000000000000000000000000000000000000000000000000000000000000081565b61076c601081565b60405160ff9091168152602001610381565b6103b17f000000000000000000000000000000000000000000000000000000000000000081565b6103dc6107b3366004614c77565b611f31565b6103dc6107c6366004614db0565b611fac565b6104056107d9366004614a85565b6123d4565b6103dc6107ec366004614c77565b612678565b6108046107ff366004614d1f565b612796565b6040519015158152602001610381565b6103dc610822366004614e0a565b612852565b6103b17f000000000000000000000000000000000000000000000000000000000000000081565b6103dc61085c366004614e0a565b6129ae565b6103dc61086f366004614c77565b612a1a565b600054600160c01b900460ff16610804565b6103b17f000000000000000000000000000000000000000000000000000000000000000081565b6104056108bb366004614e59565b612a27565b6104057f000000000000000000000000000000000000000000000000000000000000000081565b6103b17f000000000000000000000000000000000000000000000000000000000000000081565b6104057f000000000000000000000000000000000000000000000000000000000000000081565b6000546001600160801b0316610405565b6103dc610954366004614c77565b612ad8565b600054600160801b90046001600160401b03166103b1565b610405612b32565b6103dc610987366004614f4a565b612b42565b61040561099a366004614d1f565b612c73565b6103dc6109ad3660046149d7565b612ca3565b6109c56109c0366004614d1f565b612e4b565b604080519384526001600160401b039283166020850152911690820152606001610381565b61036d7f000000000000000000000000000000000000000000000000000000000000000081565b336001600160a01b037f00000000000000000000000000000000000000000000000000000000000000001614610a6157604051631b39876f60e31b81523360048201526024015b60405180910390fd5b610a6b8382612f16565b6001600160a01b03821660009081526003602052604081208054839290610a93908490614fb4565b92505081905550816001600160a01b0316836001600160a01b03167f3b49c26c2b92be58781ae0a0d7d65c6ed0a50bb743da59a3aaa946d6463569cf83604051610adf91815260200190565b60405180910390a3505050565b6000610af6612f94565b610b198787878787610b14610b0e6020860186614d4d565b89612fd4565b613208565b6000805460ff60c81b19169055979650505050505050565b6000610b3b612f94565b610b508686868686610b146020850185614d4d565b6000805460ff60c81b191690559695505050505050565b60408051610100808201835260008083526020808401829052838501829052606084018290526080840182905260a0840182905260c0840182905260e084018290526001600160401b03871682526007815284822086835290528390208351918201909352825491929091829060ff166002811115610be857610be8614b94565b6002811115610bf957610bf9614b94565b8152815460ff610100820416151560208301526001600160401b03620100008204166040830152600160501b810460070b606083015265ffffffffffff600160901b820481166080840152600160c01b909104811660a083015260019092015480831660c08301526601000000000000900490911660e09091015290505b92915050565b6040516328f3c6dd60e01b8152600481018290526001600160401b03831660248201526000907f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906328f3c6dd90604401608060405180830381865afa158015610cf4573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190610d189190615040565b5190506001600160a01b038116610d5457604051637841097360e01b8152600481018390526001600160401b0384166024820152604401610a58565b336001600160a01b03821614801590610e0057507f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031663cb14f5726040518163ffffffff1660e01b8152600401602060405180830381865afa158015610dc6573d6000803e3d6000fd5b505050506040513d601f19601f82011682018060405250810190610dea91906150a9565b6001600160a01b0316336001600160a01b031614155b15610e2f57604051633ae3cd3f60e21b81523360048201526001600160a01b0382166024820152604401610a58565b6000610e44610e3f8560016150c6565b613365565b905080421015610e6a57604051630a8d68c960e21b815260048101829052602401610a58565b6001600160401b038416600090815260076020908152604080832086845290915281205460ff166002811115610ea257610ea2614b94565b14610ed2576040516331c0b7b360e21b81526001600160401b038516600482015260248101849052604401610a58565b6001600160401b0384166000908152600860209081526040808320868452909152902080546001600160a01b031615610f3057604051630691b9b760e51b81526001600160401b038616600482015260248101859052604401610a58565b6000610f5c7f0000000000000000000000000000000000000000000000000000000000000000426150c6565b90506000610f698761337c565b600054909150600160c01b900460ff1615610f975760405163520533a760e11b815260040160405180910390fd5b6000546001600160401b03600160801b9091048116908216116110a1576000610fe160047f00000000000000000000000000000000000000000000000000000000000000006150fb565b6001600160401b0380841660009081526006602052604090206001015461102a917f000000000000000000000000000000000000000000000000000000000000000091166150c6565b6110349190615129565b9050806001600160401b0316836001600160401b0316111561109f5761107a7f000000000000000000000000000000000000000000000000000000000000000082615129565b60405163348f2b4160e11b81526001600160401b039091166004820152602401610a58565b505b6110cb337f0000000000000000000000000000000000000000000000000000000000000000612f16565b82546001600160401b03838116600160a01b810267ffffffffffffffff60a01b19339081166001600160e01b03199095169490941717865560405190815288918a16907fd240175826afbe51f85ffd65712fe4b1ff6c7e5d1b570b65c49c40d29ee830de9060200160405180910390a450505050505050565b336001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000161461118f57604051633b63649d60e11b8152336004820152602401610a58565b6009548111156111c057600954604051639901e61160e01b8152600481019190915260248101829052604401610a58565b604080518082019091526001600160801b038216808252426001600160401b0381166020909301839052600a80546001600160c01b031916909217600160801b9093029290921790557fbd768bfd93569f8c33f066752a2049c145e76b54448b40ab1832e9fbe95872f9908290611258907f0000000000000000000000000000000000000000000000000000000000000000906150c6565b604080519283526001600160401b0390911660208301520160405180910390a150565b336001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016146112c657604051631b39876f60e31b8152336004820152602401610a58565b6112d08282613389565b5050565b6112dc612f94565b600054600160c01b900460ff16156113075760405163520533a760e11b815260040160405180910390fd5b7f00000000000000000000000000000000000000000000000000000000000000006001600160a01b03163b60000361137d57604051633e3c86a160e01b81526001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000166004820152602401610a58565b6113868161353b565b6000805482919081906113a39084906001600160801b0316615148565b82546101009290920a6001600160801b038181021990931691831602179091556001600160a01b0384166000908152600160205260408120805485945090926113ee91859116615148565b92506101000a8154816001600160801b0302191690836001600160801b03160217905550336001600160a01b0316826001600160a01b03167f8752a472e571a816aea92eec8dae9baf628e840f4929fbcc2d155e6233ff68a78360405161145791815260200190565b60405180910390a350506000805460ff60c81b19169055565b336001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016146114bb57604051633b63649d60e11b8152336004820152602401610a58565b604080516080810182526000546001600160801b03811682526001600160401b03600160801b820416602083015260ff600160c01b8204811615801594840194909452600160c81b90910416151560608201529061152c5760405163520533a760e11b815260040160405180910390fd5b600061153b6020850185614d1f565b90508160200151600161154e91906150c6565b6001600160401b0316816001600160401b0316146115a457808260200151600161157891906150c6565b6040516303d9baf560e51b81526001600160401b03928316600482015291166024820152604401610a58565b60007f00000000000000000000000000000000000000000000000000000000000000006001600160401b0316826001600160401b031660016115e69190614fb4565b6115f39062015180615167565b6115fd9190614fb4565b90508042101561162357604051630a8d68c960e21b815260048101829052602401610a58565b7f0000000000000000000000000000000000000000000000000000000000000000600954101561169357600954604051639901e61160e01b815260048101919091527f00000000000000000000000000000000000000000000000000000000000000006024820152604401610a58565b6001600160401b038216600090815260066020526040902060018101546010600160401b90910460ff16106116e6576040516378d1bb5960e01b81526001600160401b0384166004820152602401610a58565b60036116f86080880160608901615189565b63ffffffff161015611736576117146080870160608801615189565b6040516316631e4960e21b815263ffffffff9091166004820152602401610a58565b6000600560f81b863561174f6040890160208a016151a6565b61175f60608a0160408b016151a6565b60608a013561177460a08c0160808d016151a6565b61178460c08d0160a08e016151a6565b6040516001600160f81b0319909716602088015260218701959095526001600160801b0319608094851b8116604188015292841b831660518701526061860191909152821b8116608185015291901b16609182015260a10160405160208183030381529060405280519060200120905086608001358114611825576040516305939ecb60e41b81526004810182905260808801356024820152604401610a58565b600061183760a08801608089016151a6565b6001600160801b03166118506040890160208a016151a6565b6001600160801b03166118639190614fb4565b9050600061187760c0890160a08a016151a6565b6001600160801b031661189060608a0160408b016151a6565b6001600160801b03166118a39190614fb4565b90508082146118cf5760405163b291a7b960e01b81526004810183905260248101829052604401610a58565b60006118e86118e3368c90038c018c6151cf565b613723565b8086556001808701805467ffffffffffffffff1916426001600160401b0316178082559293509091600890611928908490600160401b900460ff16615267565b825460ff9182166101009390930a928302919092021990911617905550600080546001600160401b038916600160801b810267ffffffffffffffff60801b199092169190911790915581907f759803ffe28b803792b08441abcb3bb0158199a239b17fc6b85a09163323d1a1866119bf7f0000000000000000000000000000000000000000000000000000000000000000426150c6565b604080519283526001600160401b0390911660208301520160405180910390a350505050505050505050565b6001600160401b038116600090815260056020526040812054808203611a145750600092915050565b60018114611a23576001611a26565b60025b9392505050565b604080516080810182526000546001600160801b03811682526001600160401b03600160801b820416602083015260ff600160c01b8204811615801594840194909452600160c81b909104161515606082015290611a9e5760405163520533a760e11b815260040160405180910390fd5b60007f00000000000000000000000000000000000000000000000000000000000000006001600160401b031682602001516001600160401b031610611b07576020808301516001600160401b039081166000908152600690925260409091206001015416611b29565b7f00000000000000000000000000000000000000000000000000000000000000005b9050611b557f0000000000000000000000000000000000000000000000000000000000000000826150c6565b6001600160401b0316421015611bb457611b8f7f0000000000000000000000000000000000000000000000000000000000000000826150c6565b6040516327f4642d60e21b81526001600160401b039091166004820152602401610a58565b6000805460ff60c01b1916600160c01b1790556020828101516040516001600160401b0390911681527f12ae77248e72aaa0283a33c121253b46541991bb48bc9998553716fabeea1066910160405180910390a15050565b336001600160a01b037f00000000000000000000000000000000000000000000000000000000000000001614611c5757604051633b63649d60e11b8152336004820152602401610a58565b611c5f612f94565b60408051808201909152600a546001600160801b038116808352600160801b9091046001600160401b03166020830152600003611cb1576040516333ab3ba760e11b8152336004820152602401610a58565b611cba8161379d565b60008054600160c01b900460ff16611cf2577f0000000000000000000000000000000000000000000000000000000000000000611cf5565b60005b905060008160095411611d09576000611d17565b81600954611d179190615280565b905060008184600001516001600160801b031610611d355781611d41565b83516001600160801b03165b905080600003611d665760405163bd6f331f60e01b8152336004820152602401610a58565b600a80546001600160c01b031916905560098054829190600090611d8b908490615280565b90915550506040518181527ffbe94e601ce041f1e6c263017fdf1becf857fe1cb5d20366e9fd62f5e56fc0829060200160405180910390a1611dcd3382613807565b50506000805460ff60c81b191690555050565b6000611dea612f94565b600054600160c01b900460ff16611e1357604051622502ed60e61b815260040160405180910390fd5b611e1c8761383b565b611e298787878787613a6c565b610b19611e396020880188614d4d565b611e496040890160208a016152a5565b84613aeb565b6000611e59612f94565b506001600160a01b03811660009081526003602052604081205490819003611e9f5760405163bd6f331f60e01b81526001600160a01b0383166004820152602401610a58565b6001600160a01b0382166000908152600360205260408120819055611ec48385612fd4565b9050806001600160a01b0316836001600160a01b03167f5fa8be79d2e5d1f00fc584c6cb307bbda94ebda9087bf2a8c023bd67107acef684604051611f0b91815260200190565b60405180910390a3611f1d8183613807565b506000805460ff60c81b1916905592915050565b611f39612f94565b611f428161353b565b3360009081526003602052604081208054839290611f61908490614fb4565b909155505060405181815233907fbd70601d70e85230b40326d432ecc63e60e22cb277d7fb47c2810f777447a10e906020015b60405180910390a2506000805460ff60c81b19169055565b336001600160a01b037f00000000000000000000000000000000000000000000000000000000000000001614611ff757604051631b39876f60e31b8152336004820152602401610a58565b6120036107ff8461337c565b15612036576120118361337c565b60405163a3a7e87560e01b81526001600160401b039091166004820152602401610a58565b6040516328f3c6dd60e01b8152600481018390526001600160401b03841660248201526000906001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016906328f3c6dd90604401608060405180830381865afa1580156120ad573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906120d19190615040565b516001600160a01b03160361210b57604051637841097360e01b8152600481018390526001600160401b0384166024820152604401610a58565b6001600160401b0383166000908152600760209081526040808320858452825291829020805460ff191660011781559161214a919084019084016152c0565b815469ffffffffffffffffff0019166101009115159190910269ffffffffffffffff000019161762010000426001600160401b03160217815561219360808301606084016152db565b81546001600160401b0391909116600160501b0267ffffffffffffffff60501b199091161781556121ca60a08301608084016152fe565b815465ffffffffffff91909116600160901b0265ffffffffffff60901b199091161781556121fe60c0830160a084016152fe565b815465ffffffffffff91909116600160c01b0265ffffffffffff60c01b1990911617815561223260e0830160c084016152fe565b60018201805465ffffffffffff191665ffffffffffff92909216919091179055612263610100830160e084016152fe565b60018201805465ffffffffffff929092166601000000000000026bffffffffffff00000000000019909216919091179055826001600160401b0385167fa6bdb2da2f79847fff16d1ddd3b8280b4f20826ab54a2372d5d25276fe1137666122d060808601606087016152db565b6122e060408701602088016152c0565b6040805160079390930b835290151560208301520160405180910390a36001600160401b03841660009081526008602090815260408083208684529091529020546001600160a01b03166123345750505050565b6001600160401b0384166000908152600860209081526040808320868452825280832080546001600160e01b03191690557f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031683526003909152812080547f000000000000000000000000000000000000000000000000000000000000000092906123c8908490614fb4565b9091555050505b505050565b60006123de612f94565b60006123ed6020880188614d4d565b6001600160a01b03811660009081526002602090815260408083208151808301909252546001600160801b038116808352600160801b9091046001600160401b0316928201929092529293509003612463576040516333ab3ba760e11b81526001600160a01b0383166004820152602401610a58565b61246c8161379d565b6124758961383b565b600062015180826020015161248a91906150fb565b90506001600160401b0381166124a360208c018c614d1f565b6001600160401b031610156124ec576124bf60208b018b614d1f565b60405163bf360d3760e01b81526001600160401b0391821660048201529082166024820152604401610a58565b6124f98a8a8a8a8a613a6c565b6001600160a01b0383166000908152600160209081526040808320929161252f91849161252a918f01908f016152a5565b613c66565b845183546001600160801b039182169850919250168611156125595781546001600160801b031695505b80861115612565578095505b856000036125915760405163bd6f331f60e01b81526001600160a01b0386166004820152602401610a58565b6001600160a01b038516600090815260026020526040812080546001600160c01b03191690558254879184916125d19084906001600160801b0316615326565b92506101000a8154816001600160801b0302191690836001600160801b0316021790555060006126018689612fd4565b9050806001600160a01b0316866001600160a01b03167fd1c19fbcd4551a5edfb66d43d2e337c04837afda3482b42bdf569a8fccdae5fb8960405161264891815260200190565b60405180910390a361265a8188613cb6565b50506000805460ff60c81b1916905550929998505050505050505050565b336000908152600160205260409020546001600160801b0316808211156126c25760405163a0bbf26d60e01b81523360048201526024810183905260448101829052606401610a58565b6040805180820182526001600160801b038481168252426001600160401b038181166020808601918252336000818152600290925296902094518554915194166001600160c01b031990911617600160801b9390911692909202919091179091557fbf6730b5b5d9fd45cdb42f69910317da629fd6e12b3ab41aa1708cd916385dfc908490612772907f0000000000000000000000000000000000000000000000000000000000000000906150c6565b604080519283526001600160401b0390911660208301520160405180910390a25050565b60007f00000000000000000000000000000000000000000000000000000000000000006001600160401b0316826001600160401b0316101580156127f057506000546001600160401b03600160801b909104811690831611155b8015610c7757506001600160401b03808316600090815260066020526040902060010154612840917f000000000000000000000000000000000000000000000000000000000000000091166150c6565b6001600160401b031642101592915050565b336001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000161461289d57604051631b39876f60e31b8152336004820152602401610a58565b6001600160401b038416600090815260056020526040812054908190036128e25760405163fc2c4d7b60e01b81526001600160401b0386166004820152602401610a58565b600019810161290f57604051636874378d60e01b81526001600160401b0386166004820152602401610a58565b600061291a8661337c565b6000549091506001600160401b03600160801b90910481169082161161294557612945818686613d21565b6001600160401b03861660008181526005602052604080822060019055516001600160a01b03871692889290917f47481090aa4ff23b4f4926760300dccc70270885937c5c99a5e6d1ccffc19c869190a482156129a6576129a68585613389565b505050505050565b336001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016146129f957604051631b39876f60e31b8152336004820152602401610a58565b612a04848484613d21565b8015612a1457612a148383613389565b50505050565b612a2433826112d4565b50565b6000612a31612f94565b600054600160c01b900460ff16612a5a57604051622502ed60e61b815260040160405180910390fd5b6000546001600160401b037f00000000000000000000000000000000000000000000000000000000000000008116600160801b9092041610612ab057612a9f8a61383b565b612ab08b8b8b8b8b8b8b8b8b613e5a565b612abc8b600084613aeb565b6000805460ff60c81b191690559b9a5050505050505050505050565b612ae0612f94565b612ae98161353b565b8060096000828254612afb9190614fb4565b909155505060405181815233907f8cc11063b37e331ebaba05e6601baba7d996aea2211489a4f58fd72741bc758c90602001611f94565b6000612b3d30613fb4565b905090565b336001600160a01b037f00000000000000000000000000000000000000000000000000000000000000001614612b8d57604051633b63649d60e11b8152336004820152602401610a58565b6000612b9c6020840184614d1f565b9050612ba78161404c565b612baf614193565b6000612bc8612bc336869003860186615356565b614258565b6001600160401b038316600081815260056020526040902082905590915081907fb4da32392d62171ded7afdab7302cf6d70438b1d9f6d8e64d4a48e176e630979612c1b61014088016101208901614d1f565b612c2d61016089016101408a01614d1f565b612c3f6101808a016101608b01614d1f565b604080516001600160401b03948516815292841660208401529216918101919091526060015b60405180910390a350505050565b6001600160401b03811660009081526005602052604081205460018114612c9a5780611a26565b60009392505050565b6001600160401b0380831660009081526008602090815260408083208584528252918290208251808401909352546001600160a01b038116808452600160a01b9091049093169082015290612d1d57604051636c96b83b60e01b81526001600160401b038416600482015260248101839052604401610a58565b80602001516001600160401b0316421015612d5c576020810151604051630a8d68c960e21b81526001600160401b039091166004820152602401610a58565b6001600160401b0383166000908152600860209081526040808320858452825280832080546001600160e01b031916905583516001600160a01b031683526003909152812080547f00000000000000000000000000000000000000000000000000000000000000009290612dd1908490614fb4565b90915550506001600160401b0383811660008181526007602090815260408083208784529091528082208054600242909616620100000269ffffffffffffffff00ff1990911617949094178455518592917fe7094c6e1995fb87e2e2c9fbfdabf213961e2261796e7c1605049aad684c4c7791a350505050565b60008054819081906001600160401b03600160801b90910481169085161180612ea557507f00000000000000000000000000000000000000000000000000000000000000006001600160401b0316846001600160401b0316105b15612eb857506000915081905080612f0f565b6001600160401b038085166000908152600660205260409020805460018201549192909116612f077f0000000000000000000000000000000000000000000000000000000000000000826150c6565b935093509350505b9193909250565b6001600160a01b03821660009081526003602052604090205480821115612f6957604051631968bb9b60e11b81526001600160a01b03841660048201526024810183905260448101829052606401610a58565b612f738282615280565b6001600160a01b039093166000908152600360205260409020929092555050565b600054600160c81b900460ff1615612fbf5760405163b5dfd9e560e01b815260040160405180910390fd5b6000805460ff60c81b1916600160c81b179055565b6000612fe36040830183615432565b9050600003612ff3575081610c77565b6130036040830160208401614d1f565b6001600160401b03164211156130235761107a6040830160208401614d1f565b6000613110846130366020860186614d4d565b7f00000000000000000000000000000000000000000000000000000000000000006130676040880160208901614d1f565b6001600160a01b038916600090815260046020526040812080549161308b83615478565b91905055604080517fdf466460ba1fb7a8b550f6a1f3e753d294bb3561c6a22648e35ce88e00aa29956020808301919091526001600160a01b039788168284015295909616606087015260808601939093526001600160401b039190911660a085015260c0808501919091528151808503909101815260e09093019052815191012090565b905060006131216020850185614d4d565b6001600160a01b031614806131ca57506131c884613181613140612b32565b8460405161190160f01b6020820152602281018390526042810182905260009060620160405160208183030381529060405280519060200120905092915050565b61318e6040870187615432565b8080601f01602080910402602001604051908101604052809392919081815260200183838082843760009201919091525061426b92505050565b155b156131f357604051639a7d38d960e01b81526001600160a01b0385166004820152602401610a58565b6132006020840184614d4d565b949350505050565b60006132138761383b565b6132208787878787613a6c565b600060018161323260208a018a614d4d565b6001600160a01b03166001600160a01b031681526020019081526020016000209050600061327188602001602081019061326c91906152a5565b6143bd565b8254909150600160801b90046001600160801b03168082136132bf5761329a60208a018a614d4d565b60405163bd6f331f60e01b81526001600160a01b039091166004820152602401610a58565b6132c98183615280565b83546001600160801b03808516600160801b02911617845593506132f060208b018b614d1f565b6001600160401b031661330660208b018b614d4d565b604080516001600160a01b0389811682526020820189905292909216917f7e1260598d2c3e5a76c8dfce61acc174eee696cfe0fd4839425621d70071a0ce910160405180910390a36133588585613cb6565b5050509695505050505050565b6000610c776103846001600160401b038416615167565b6000610c776060836150fb565b60007f0000000000000000000000000000000000000000000000000000000000000000600954106133da577f00000000000000000000000000000000000000000000000000000000000000006133de565b6009545b905060006133ed600283615491565b905081600960008282546134019190615280565b90915550506001600160a01b0383166000908152600360205260408120805483929061342e908490614fb4565b9091555061343e90508183615280565b600360007f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031663dd3c3ef66040518163ffffffff1660e01b8152600401602060405180830381865afa1580156134a0573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906134c491906150a9565b6001600160a01b03166001600160a01b0316815260200190815260200160002060008282546134f39190614fb4565b909155505060408051838152602081018390526001600160a01b0385169186917fa40849bb16b00d55661af8973799aafd9677b7d625cafa01418e76e65468e8859101612c65565b8060000361355c57604051631f2a200560e01b815260040160405180910390fd5b6bffffffffffffffffffffffff81111561359e57604051637f16270360e01b8152600481018290526bffffffffffffffffffffffff6024820152604401610a58565b6040516370a0823160e01b81523060048201526000907f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906370a0823190602401602060405180830381865afa158015613605573d6000803e3d6000fd5b505050506040513d601f19601f8201168201806040525081019061362991906154a5565b90506136606001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016333085614430565b6040516370a0823160e01b815230600482015260009082906001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016906370a0823190602401602060405180830381865afa1580156136c9573d6000803e3d6000fd5b505050506040513d601f19601f820116820180604052508101906136ed91906154a5565b6136f79190615280565b90508281146123cf576040516376ebca8560e01b81526004810184905260248101829052604401610a58565b6000816040516020016137809190600060a0820190506001600160401b03835116825263ffffffff60208401511660208301526040830151604083015263ffffffff60608401511660608301526080830151608083015292915050565b604051602081830303815290604052805190602001209050919050565b60007f00000000000000000000000000000000000000000000000000000000000000006001600160401b031682602001516001600160401b03166137e19190614fb4565b9050804210156112d057604051630a8d68c960e21b815260048101829052602401610a58565b6112d06001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000168383614466565b600061384a6020830183614d1f565b6000549091506001600160401b03600160801b9091048116907f0000000000000000000000000000000000000000000000000000000000000000811690831610806138a65750806001600160401b0316826001600160401b0316115b156138d7576040516303d9baf560e51b81526001600160401b03808416600483015282166024820152604401610a58565b6001600160401b038216600090815260066020526040808220905190919060a086823760a09020825490915080821461393c576040516334f4a95f60e21b81526001600160401b03861660048201526024810183905260448101829052606401610a58565b6001830154600090613978907f0000000000000000000000000000000000000000000000000000000000000000906001600160401b03166150c6565b9050806001600160401b03164210156139b7576040516339ba799360e21b81526001600160401b03808816600483015282166024820152604401610a58565b846001600160401b0316866001600160401b0316108015613a3a57507f000000000000000000000000000000000000000000000000000000000000000060066000613a038960016150c6565b6001600160401b039081168252602082019290925260400160002060010154613a2d9291166150c6565b6001600160401b03164210155b15613a635760405163815fa1ab60e01b81526001600160401b0387166004820152602401610a58565b50505050505050565b6000613ab6613a88613a83368890038801886154be565b61449b565b613a9860408801602089016152a5565b86613aa960808b0160608c01615189565b63ffffffff16878761450b565b50509050856080013581146129a65760405163a864586d60e01b81526004810182905260808701356024820152604401610a58565b6001600160a01b0383166000908152600160205260408120613b0d8185613c66565b915081600003613b3b5760405163bd6f331f60e01b81526001600160a01b0386166004820152602401610a58565b80546000906001600160801b03168310613b5f5781546001600160801b0316613b61565b825b825490915081908390600090613b819084906001600160801b0316615326565b92506101000a8154816001600160801b0302191690836001600160801b031602179055508083613bb19190615280565b82548390601090613bd3908490600160801b90046001600160801b0316615148565b92506101000a8154816001600160801b0302191690836001600160801b031602179055506000613c038786612fd4565b9050806001600160a01b0316876001600160a01b03167fd1c19fbcd4551a5edfb66d43d2e337c04837afda3482b42bdf569a8fccdae5fb86604051613c4a91815260200190565b60405180910390a3613c5c8185613cb6565b5050509392505050565b81546000908190600160801b90046001600160801b0316613c86846143bd565b8554613c9b91906001600160801b0316615519565b613ca59190615541565b905060008113611a26576000613200565b6000546001600160801b031680821115613ced57604051635667598960e11b81526004810183905260248101829052604401610a58565b613cf78282615280565b600080546001600160801b0319166001600160801b03929092169190911790556123cf8383613807565b6000546001600160401b03600160801b9091048116907f000000000000000000000000000000000000000000000000000000000000000081169085161080613d7a5750806001600160401b0316846001600160401b0316115b15613dab576040516303d9baf560e51b81526001600160401b03808616600483015282166024820152604401610a58565b613db484612796565b15613ddd5760405163a3a7e87560e01b81526001600160401b0385166004820152602401610a58565b613de8600185615129565b6000805467ffffffffffffffff60801b1916600160801b6001600160401b039384160217905560405182821681526001600160a01b038416918591908716907f45260d510a0d5a2799c36cb925f5a31b6dd94db9b518c58d94e86dfb05412d7b9060200160405180910390a450505050565b6000613e6c60808a0160608b01615189565b63ffffffff1690506000859003613eda57613e8b898560008686613a6c565b613e986020850185614d4d565b6001600160a01b03168a6001600160a01b031610613ed4576040516312396b9b60e31b81526001600160a01b038b166004820152602401610a58565b50613fa9565b613ee789888a8989613a6c565b613ef46020880188614d4d565b6001600160a01b03168a6001600160a01b031611613f30576040516312396b9b60e31b81526001600160a01b038b166004820152602401610a58565b80613f3c896001614fb4565b03613f475750613fa9565b613f5e8985613f578b6001614fb4565b8686613a6c565b613f6b6020850185614d4d565b6001600160a01b03168a6001600160a01b031610613fa7576040516312396b9b60e31b81526001600160a01b038b166004820152602401610a58565b505b505050505050505050565b604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201527fa25afa91fb091c717e7d6c09a2164dbe6235297ea3c28d20982ffe2c7749e20e918101919091527fc89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc660608201524660808201526001600160a01b03821660a082015260009060c001613780565b604080516080810182526000546001600160801b03811682526001600160401b03600160801b820416602083015260ff600160c01b8204811615801594840194909452600160c81b9091041615156060820152906140bd5760405163520533a760e11b815260040160405180910390fd5b80602001516001600160401b03166140d48361337c565b6001600160401b03161161411c576140eb8261337c565b602082015160405163b7cee12560e01b81526001600160401b03928316600482015291166024820152604401610a58565b6001600160401b038216600090815260056020526040902054600019810161416257604051636874378d60e01b81526001600160401b0384166004820152602401610a58565b80156123cf576040516317422f8f60e31b81526001600160401b038416600482015260248101829052604401610a58565b6000806001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016630a83326560e31b6141d53660048186615561565b6040516020016141e79392919061558b565b60408051601f1981840301815290829052614201916155d3565b600060405180830381855afa9150503d806000811461423c576040519150601f19603f3d011682016040523d82523d6000602084013e614241565b606091505b50915091508115614250575050565b805160208201fd5b60008160405160200161378091906155ef565b60006001600160a01b03841661428357506000611a26565b836001600160a01b03163b6000036142e3576000806142a2858561460a565b50909250905060008160038111156142bc576142bc614b94565b1480156142da5750856001600160a01b0316826001600160a01b0316145b92505050611a26565b600080856001600160a01b031685856040516024016143039291906156ec565b60408051601f198184030181529181526020820180516001600160e01b0316630b135d3f60e11b1790525161433891906155d3565b600060405180830381855afa9150503d8060008114614373576040519150601f19603f3d011682016040523d82523d6000602084013e614378565b606091505b509150915081801561438c57506020815110155b80156143b357508051630b135d3f60e11b906143b190830160209081019084016154a5565b145b9695505050505050565b6000600f82900b7f00000000000000000000000000000000000000000000000000000000000000008282121561442657806001816143fa85615726565b6144049190615519565b61440e9190615541565b6144189190615742565b61442190615726565b613200565b6132008183615742565b61443e848484846001614657565b612a1457604051635274afe760e01b81526001600160a01b0385166004820152602401610a58565b61447383838360016146c9565b6123cf57604051635274afe760e01b81526001600160a01b0384166004820152602401610a58565b80516020808301516040808501516060808701519251600560fa1b958101959095529490941b6bffffffffffffffffffffffff1916602184015260809190911b603583015260e092831b6001600160e01b03199081166045840152921b9091166049820152600090604d01613780565b6000808061451c878786604061472f565b614525886147a1565b6040516001600160801b0392831694509116915060058153899350848601865b818110156145af57602081013560018b1660061b8060018601018160418701039150888152868860801b1760208201525082358152816020820152506081842096508060801c860195506001600160801b03811685019450508960011c9950604081019050614545565b505050608082901c156145d8576040516302bec27b60e11b815260048101839052602401610a58565b608081901c156145fe576040516302bec27b60e11b815260048101829052602401610a58565b96509650969350505050565b600080600083516041036146445760208401516040850151606086015160001a614636888285856147d1565b955095509550505050614650565b50508151600091506002905b9250925092565b6040516323b872dd60e01b60008181526001600160a01b038781166004528616602452604485905291602083606481808c5af1925060016000511483166146b75783831516156146aa573d6000823e3d81fd5b6000883b113d1516831692505b60405250600060605295945050505050565b60405163a9059cbb60e01b60008181526001600160a01b038616600452602485905291602083604481808b5af192506001600051148316614723578383151615614716573d6000823e3d81fd5b6000873b113d1516831692505b60405250949350505050565b8284106147595760405163b0a9aa6b60e01b81526004810185905260248101849052604401610a58565b600081614765856148a0565b61476f9190615167565b905080831461479a5760405162ec286d60e11b81526004810184905260248101829052604401610a58565b5050505050565b600080600083600f0b12156147c457600083600f0b6147bf90615726565b6147c8565b8260005b91509150915091565b600080807f7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a084111561480c5750600091506003905082614896565b604080516000808252602082018084528a905260ff891692820192909252606081018790526080810186905260019060a0016020604051602081039080840390855afa158015614860573d6000803e3d6000fd5b5050604051601f1901519150506001600160a01b03811661488c57506000925060019150829050614896565b9250600091508190505b9450945094915050565b600060028210156148b357506000919050565b60006148c0600184615280565b9050608081901c156148d4576080918201911c5b604081901c156148e6576040918201911c5b602081901c156148f8576020918201911c5b601081901c1561490a576010918201911c5b600881901c1561491c576008918201911c5b600481901c1561492e576004918201911c5b600281901c15614940576002918201911c5b600181901c15614951576001820191505b50600101919050565b6001600160a01b0381168114612a2457600080fd5b803561497a8161495a565b919050565b60008060006060848603121561499457600080fd5b833561499f8161495a565b925060208401356149af8161495a565b929592945050506040919091013590565b80356001600160401b038116811461497a57600080fd5b600080604083850312156149ea57600080fd5b6149f3836149c0565b946020939093013593505050565b600060a08284031215614a1357600080fd5b50919050565b600060808284031215614a1357600080fd5b60008083601f840112614a3d57600080fd5b5081356001600160401b03811115614a5457600080fd5b602083019150836020828501011115614a6c57600080fd5b9250929050565b600060608284031215614a1357600080fd5b6000806000806000806101808789031215614a9f57600080fd5b614aa98888614a01565b9550614ab88860a08901614a19565b945061012087013593506101408701356001600160401b03811115614adc57600080fd5b614ae889828a01614a2b565b9094509250506101608701356001600160401b03811115614b0857600080fd5b614b1489828a01614a73565b9150509295509295509295565b60008060008060006101608688031215614b3a57600080fd5b614b448787614a01565b9450614b538760a08801614a19565b935061012086013592506101408601356001600160401b03811115614b7757600080fd5b614b8388828901614a2b565b969995985093965092949392505050565b634e487b7160e01b600052602160045260246000fd5b60038110612a2457634e487b7160e01b600052602160045260246000fd5b8151610100820190614bd981614baa565b808352506020830151151560208301526001600160401b036040840151166040830152606083015160070b60608301526080830151614c22608084018265ffffffffffff169052565b5060a0830151614c3c60a084018265ffffffffffff169052565b5060c0830151614c5660c084018265ffffffffffff169052565b5060e0830151614c7060e084018265ffffffffffff169052565b5092915050565b600060208284031215614c8957600080fd5b5035919050565b60008060408385031215614ca357600080fd5b823591506020830135614cb58161495a565b809150509250929050565b60008060408385031215614cd357600080fd5b82356149f38161495a565b600080828403610160811215614cf357600080fd5b614cfd8585614a01565b925060c0609f1982011215614d1157600080fd5b5060a0830190509250929050565b600060208284031215614d3157600080fd5b611a26826149c0565b60208101614d4783614baa565b91905290565b600060208284031215614d5f57600080fd5b8135611a268161495a565b60008060408385031215614d7d57600080fd5b82356001600160401b03811115614d9357600080fd5b614d9f85828601614a73565b9250506020830135614cb58161495a565b6000806000838503610140811215614dc757600080fd5b614dd0856149c0565b935060208501359250610100603f1982011215614dec57600080fd5b506040840190509250925092565b8035801515811461497a57600080fd5b60008060008060808587031215614e2057600080fd5b614e29856149c0565b9350602085013592506040850135614e408161495a565b9150614e4e60608601614dfa565b905092959194509250565b6000806000806000806000806000806102408b8d031215614e7957600080fd5b614e828b61496f565b9950614e918c60208d01614a01565b985060c08b01359750614ea78c60e08d01614a19565b96506101608b01356001600160401b03811115614ec357600080fd5b614ecf8d828e01614a2b565b9097509550614ee490508c6101808d01614a19565b93506102008b01356001600160401b03811115614f0057600080fd5b614f0c8d828e01614a2b565b9094509250506102208b01356001600160401b03811115614f2c57600080fd5b614f388d828e01614a73565b9150509295989b9194979a5092959850565b6000808284036101a0811215614f5f57600080fd5b610180811215614f6e57600080fd5b508291506101808301356001600160401b03811115614f8c57600080fd5b830160408186031215614cb557600080fd5b634e487b7160e01b600052601160045260246000fd5b80820180821115610c7757610c77614f9e565b604051608081016001600160401b0381118282101715614ff757634e487b7160e01b600052604160045260246000fd5b60405290565b60405161018081016001600160401b0381118282101715614ff757634e487b7160e01b600052604160045260246000fd5b63ffffffff81168114612a2457600080fd5b6000608082840312801561505357600080fd5b5061505c614fc7565b82516150678161495a565b815260208301516150778161502e565b6020820152604083015161508a8161502e565b6040820152606083015161509d8161502e565b60608201529392505050565b6000602082840312156150bb57600080fd5b8151611a268161495a565b6001600160401b038181168382160190811115610c7757610c77614f9e565b634e487b7160e01b600052601260045260246000fd5b60006001600160401b03831680615114576151146150e5565b806001600160401b0384160491505092915050565b6001600160401b038281168282160390811115610c7757610c77614f9e565b6001600160801b038181168382160190811115610c7757610c77614f9e565b8082028115828204841417610c7757610c77614f9e565b803561497a8161502e565b60006020828403121561519b57600080fd5b8135611a268161502e565b6000602082840312156151b857600080fd5b81356001600160801b0381168114611a2657600080fd5b600060a08284031280156151e257600080fd5b5060405160009060a081016001600160401b038111828210171561521457634e487b7160e01b83526041600452602483fd5b604052615220846149c0565b815260208401356152308161502e565b602082015260408481013590820152606084013561524d8161502e565b606082015260809384013593810193909352509092915050565b60ff8181168382160190811115610c7757610c77614f9e565b81810381811115610c7757610c77614f9e565b8035600f81900b811461497a57600080fd5b6000602082840312156152b757600080fd5b611a2682615293565b6000602082840312156152d257600080fd5b611a2682614dfa565b6000602082840312156152ed57600080fd5b81358060070b8114611a2657600080fd5b60006020828403121561531057600080fd5b813565ffffffffffff81168114611a2657600080fd5b6001600160801b038281168282160390811115610c7757610c77614f9e565b803560ff8116811461497a57600080fd5b600061018082840312801561536a57600080fd5b50615373614ffd565b61537c836149c0565b815261538a6020840161517e565b602082015261539b60408401615345565b60408201526153ac6060840161517e565b6060820152608083810135908201526153c760a0840161517e565b60a082015260c083810135908201526153e260e0840161517e565b60e082015261010083810135908201526153ff61012084016149c0565b61012082015261541261014084016149c0565b61014082015261542561016084016149c0565b6101608201529392505050565b6000808335601e1984360301811261544957600080fd5b8301803591506001600160401b0382111561546357600080fd5b602001915036819003821315614a6c57600080fd5b60006001820161548a5761548a614f9e565b5060010190565b6000826154a0576154a06150e5565b500490565b6000602082840312156154b757600080fd5b5051919050565b600060808284031280156154d157600080fd5b506154da614fc7565b82356154e58161495a565b81526154f360208401615293565b602082015260408301356155068161502e565b6040820152606083013561509d8161502e565b808201828112600083128015821682158216171561553957615539614f9e565b505092915050565b8181036000831280158383131683831282161715614c7057614c70614f9e565b6000808585111561557157600080fd5b8386111561557e57600080fd5b5050820193919092039150565b6001600160e01b031984168152818360048301376000910160040190815292915050565b60005b838110156155ca5781810151838201526020016155b2565b50506000910152565b600082516155e58184602087016155af565b9190910192915050565b81516001600160401b0316815261018081016020830151615618602084018263ffffffff169052565b50604083015161562d604084018260ff169052565b506060830151615645606084018263ffffffff169052565b506080830151608083015260a083015161566760a084018263ffffffff169052565b5060c083015160c083015260e083015161568960e084018263ffffffff169052565b506101008301516101008301526101208301516156b26101208401826001600160401b03169052565b506101408301516156cf6101408401826001600160401b03169052565b50610160830151614c706101608401826001600160401b03169052565b82815260406020820152600082518060408401526157118160608501602087016155af565b601f01601f1916919091016060019392505050565b6000600160ff1b820161573b5761573b614f9e565b5060000390565b600082615751576157516150e5565b600160ff1b82146000198414161561576b5761576b614f9e565b50059056';
