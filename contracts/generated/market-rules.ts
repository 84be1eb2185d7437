// The interface and creation code of contracts/MarketRules.sol. Made by `npm run contracts`; do not edit.

export const marketRulesAbi = [
	{
		inputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'market', type: 'bytes32'},
					{internalType: 'address', name: 'energyMarket', type: 'address'},
					{internalType: 'address', name: 'dso', type: 'address'},
					{internalType: 'uint64', name: 'paramsDelay', type: 'uint64'},
					{
						components: [
							{internalType: 'uint64', name: 'feedInMicroPerKwh', type: 'uint64'},
							{internalType: 'uint64', name: 'retailMicroPerKwh', type: 'uint64'},
							{internalType: 'uint64', name: 'gridFeeMicroPerKwh', type: 'uint64'},
							{internalType: 'uint64', name: 'lineLimitWh', type: 'uint64'},
							{internalType: 'uint64', name: 'effectiveFromSlot', type: 'uint64'},
							{internalType: 'uint32', name: 'gateLeadSeconds', type: 'uint32'},
							{internalType: 'uint32', name: 'postWindowSeconds', type: 'uint32'},
							{internalType: 'uint8', name: 'pricing', type: 'uint8'},
							{internalType: 'uint8', name: 'mode', type: 'uint8'},
							{internalType: 'address', name: 'grid', type: 'address'},
							{internalType: 'address', name: 'retailer', type: 'address'},
							{internalType: 'address', name: 'pool', type: 'address'},
						],
						internalType: 'struct Params',
						name: 'params',
						type: 'tuple',
					},
				],
				internalType: 'struct RulesConfig',
				name: 'config',
				type: 'tuple',
			},
		],
		stateMutability: 'nonpayable',
		type: 'constructor',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'volumeWh', type: 'uint256'},
			{internalType: 'uint256', name: 'lineLimitWh', type: 'uint256'},
		],
		name: 'AboveLineLimit',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'grid', type: 'address'},
			{internalType: 'address', name: 'retailer', type: 'address'},
			{internalType: 'address', name: 'pool', type: 'address'},
		],
		name: 'AccountsNotDistinct',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'orderHash', type: 'bytes32'},
		],
		name: 'AlreadyForced',
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
			{internalType: 'uint256', name: 'bid', type: 'uint256'},
			{internalType: 'uint256', name: 'ask', type: 'uint256'},
		],
		name: 'BidBelowAsk',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'counter', type: 'uint64'},
			{internalType: 'uint64', name: 'expected', type: 'uint64'},
		],
		name: 'CounterStale',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'index', type: 'uint256'},
		],
		name: 'EmptyTier',
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
		inputs: [
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
		],
		name: 'LogKnown',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'MeterKnown',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'tiers', type: 'uint256'},
			{internalType: 'uint256', name: 'price', type: 'uint256'},
			{internalType: 'uint256', name: 'midPrice', type: 'uint256'},
		],
		name: 'NotAtMidPrice',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'caller', type: 'address'},
		],
		name: 'NotDso',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'bid', type: 'uint256'},
			{internalType: 'uint256', name: 'ask', type: 'uint256'},
		],
		name: 'NotMaximal',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'index', type: 'uint256'},
		],
		name: 'NotSentinel',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'what', type: 'bytes32'},
			{internalType: 'uint256', name: 'value', type: 'uint256'},
			{internalType: 'uint256', name: 'least', type: 'uint256'},
			{internalType: 'uint256', name: 'most', type: 'uint256'},
		],
		name: 'OutOfRange',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'price', type: 'uint256'},
			{internalType: 'uint256', name: 'least', type: 'uint256'},
			{internalType: 'uint256', name: 'most', type: 'uint256'},
		],
		name: 'PriceOutOfBand',
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
			{internalType: 'uint256', name: 'price', type: 'uint256'},
			{internalType: 'uint256', name: 'nextPrice', type: 'uint256'},
		],
		name: 'TiersNotSorted',
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
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'UnknownMeter',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'volumeWh', type: 'uint256'},
			{internalType: 'uint256', name: 'beforeWh', type: 'uint256'},
			{internalType: 'uint256', name: 'quantityWh', type: 'uint256'},
		],
		name: 'VolumeNotInTier',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'market', type: 'bytes32'},
		],
		name: 'WrongMarket',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint8', name: 'mode', type: 'uint8'},
			{internalType: 'uint8', name: 'expected', type: 'uint8'},
		],
		name: 'WrongMode',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint32', name: 'version', type: 'uint32'},
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'WrongParams',
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
			{internalType: 'uint256', name: 'priceBuy', type: 'uint256'},
			{internalType: 'uint256', name: 'priceSell', type: 'uint256'},
			{internalType: 'uint256', name: 'expectedBuy', type: 'uint256'},
			{internalType: 'uint256', name: 'expectedSell', type: 'uint256'},
		],
		name: 'WrongPrices',
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
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'trader', type: 'address'},
			{indexed: false, internalType: 'uint64', name: 'counter', type: 'uint64'},
		],
		name: 'CounterIncremented',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{indexed: true, internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{indexed: false, internalType: 'bool', name: 'isOperators', type: 'bool'},
		],
		name: 'LogAppended',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{
				components: [
					{internalType: 'bytes32', name: 'importSubject', type: 'bytes32'},
					{internalType: 'bytes32', name: 'exportSubject', type: 'bytes32'},
					{internalType: 'uint32', name: 'cadenceMs', type: 'uint32'},
					{internalType: 'bytes32', name: 'deviceKey', type: 'bytes32'},
				],
				indexed: false,
				internalType: 'struct MeterTerms',
				name: 'terms',
				type: 'tuple',
			},
		],
		name: 'MeterRegistered',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'orderHash', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'trader', type: 'address'},
			{indexed: true, internalType: 'uint64', name: 'slotFrom', type: 'uint64'},
			{
				components: [
					{internalType: 'address', name: 'trader', type: 'address'},
					{internalType: 'bytes32', name: 'market', type: 'bytes32'},
					{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
					{internalType: 'uint8', name: 'side', type: 'uint8'},
					{internalType: 'uint8', name: 'mode', type: 'uint8'},
					{internalType: 'uint64', name: 'slotFrom', type: 'uint64'},
					{internalType: 'uint32', name: 'slotCount', type: 'uint32'},
					{internalType: 'uint64', name: 'quantityWh', type: 'uint64'},
					{internalType: 'uint64', name: 'limitMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'minQuantityWh', type: 'uint64'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
					{internalType: 'uint64', name: 'counter', type: 'uint64'},
					{internalType: 'uint256', name: 'salt', type: 'uint256'},
				],
				indexed: false,
				internalType: 'struct Order',
				name: 'order',
				type: 'tuple',
			},
			{indexed: false, internalType: 'bytes', name: 'signature', type: 'bytes'},
		],
		name: 'OrderForced',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'uint32', name: 'version', type: 'uint32'},
			{
				components: [
					{internalType: 'uint64', name: 'feedInMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'retailMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'gridFeeMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'lineLimitWh', type: 'uint64'},
					{internalType: 'uint64', name: 'effectiveFromSlot', type: 'uint64'},
					{internalType: 'uint32', name: 'gateLeadSeconds', type: 'uint32'},
					{internalType: 'uint32', name: 'postWindowSeconds', type: 'uint32'},
					{internalType: 'uint8', name: 'pricing', type: 'uint8'},
					{internalType: 'uint8', name: 'mode', type: 'uint8'},
					{internalType: 'address', name: 'grid', type: 'address'},
					{internalType: 'address', name: 'retailer', type: 'address'},
					{internalType: 'address', name: 'pool', type: 'address'},
				],
				indexed: false,
				internalType: 'struct Params',
				name: 'params',
				type: 'tuple',
			},
		],
		name: 'ParamsAnnounced',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'owner', type: 'address'},
			{indexed: false, internalType: 'uint32', name: 'fromSlot', type: 'uint32'},
			{indexed: false, internalType: 'uint32', name: 'maxExportWh', type: 'uint32'},
			{indexed: false, internalType: 'uint32', name: 'maxImportWh', type: 'uint32'},
		],
		name: 'TenureAppended',
		type: 'event',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'uint64', name: 'feedInMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'retailMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'gridFeeMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'lineLimitWh', type: 'uint64'},
					{internalType: 'uint64', name: 'effectiveFromSlot', type: 'uint64'},
					{internalType: 'uint32', name: 'gateLeadSeconds', type: 'uint32'},
					{internalType: 'uint32', name: 'postWindowSeconds', type: 'uint32'},
					{internalType: 'uint8', name: 'pricing', type: 'uint8'},
					{internalType: 'uint8', name: 'mode', type: 'uint8'},
					{internalType: 'address', name: 'grid', type: 'address'},
					{internalType: 'address', name: 'retailer', type: 'address'},
					{internalType: 'address', name: 'pool', type: 'address'},
				],
				internalType: 'struct Params',
				name: 'params',
				type: 'tuple',
			},
		],
		name: 'announceParams',
		outputs: [
			{internalType: 'uint32', name: 'version', type: 'uint32'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bool', name: 'isOperators', type: 'bool'},
		],
		name: 'appendLog',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{
				components: [
					{internalType: 'address', name: 'owner', type: 'address'},
					{internalType: 'uint32', name: 'fromSlot', type: 'uint32'},
					{internalType: 'uint32', name: 'maxExportWh', type: 'uint32'},
					{internalType: 'uint32', name: 'maxImportWh', type: 'uint32'},
				],
				internalType: 'struct Tenure',
				name: 'tenure',
				type: 'tuple',
			},
		],
		name: 'appendTenure',
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
				name: 'certificate',
				type: 'tuple',
			},
		],
		name: 'checkSlot',
		outputs: [],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'trader', type: 'address'},
			{internalType: 'uint64', name: 'counter', type: 'uint64'},
		],
		name: 'counterLeftAt',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'trader', type: 'address'},
		],
		name: 'counterOf',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
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
		name: 'dso',
		outputs: [
			{internalType: 'address', name: '', type: 'address'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'energyMarket',
		outputs: [
			{internalType: 'address', name: '', type: 'address'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'forceLeadSeconds',
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
					{internalType: 'address', name: 'trader', type: 'address'},
					{internalType: 'bytes32', name: 'market', type: 'bytes32'},
					{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
					{internalType: 'uint8', name: 'side', type: 'uint8'},
					{internalType: 'uint8', name: 'mode', type: 'uint8'},
					{internalType: 'uint64', name: 'slotFrom', type: 'uint64'},
					{internalType: 'uint32', name: 'slotCount', type: 'uint32'},
					{internalType: 'uint64', name: 'quantityWh', type: 'uint64'},
					{internalType: 'uint64', name: 'limitMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'minQuantityWh', type: 'uint64'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
					{internalType: 'uint64', name: 'counter', type: 'uint64'},
					{internalType: 'uint256', name: 'salt', type: 'uint256'},
				],
				internalType: 'struct Order',
				name: 'order',
				type: 'tuple',
			},
			{internalType: 'bytes', name: 'signature', type: 'bytes'},
		],
		name: 'forceOrder',
		outputs: [
			{internalType: 'bytes32', name: 'orderHash', type: 'bytes32'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'orderHash', type: 'bytes32'},
		],
		name: 'forcedAt',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'incrementCounter',
		outputs: [
			{internalType: 'uint64', name: 'counter', type: 'uint64'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint32', name: 'version', type: 'uint32'},
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'isInForce',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
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
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
		],
		name: 'meterLog',
		outputs: [
			{internalType: 'bool', name: 'isOfMeter', type: 'bool'},
			{internalType: 'bool', name: 'isOperators', type: 'bool'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'meterLogs',
		outputs: [
			{internalType: 'bytes32[]', name: 'logIds', type: 'bytes32[]'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
		],
		name: 'meterTerms',
		outputs: [
			{
				components: [
					{internalType: 'bytes32', name: 'importSubject', type: 'bytes32'},
					{internalType: 'bytes32', name: 'exportSubject', type: 'bytes32'},
					{internalType: 'uint32', name: 'cadenceMs', type: 'uint32'},
					{internalType: 'bytes32', name: 'deviceKey', type: 'bytes32'},
				],
				internalType: 'struct MeterTerms',
				name: '',
				type: 'tuple',
			},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'paramsDelay',
		outputs: [
			{internalType: 'uint64', name: '', type: 'uint64'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint32', name: 'version', type: 'uint32'},
		],
		name: 'paramsOf',
		outputs: [
			{
				components: [
					{internalType: 'uint64', name: 'feedInMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'retailMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'gridFeeMicroPerKwh', type: 'uint64'},
					{internalType: 'uint64', name: 'lineLimitWh', type: 'uint64'},
					{internalType: 'uint64', name: 'effectiveFromSlot', type: 'uint64'},
					{internalType: 'uint32', name: 'gateLeadSeconds', type: 'uint32'},
					{internalType: 'uint32', name: 'postWindowSeconds', type: 'uint32'},
					{internalType: 'uint8', name: 'pricing', type: 'uint8'},
					{internalType: 'uint8', name: 'mode', type: 'uint8'},
					{internalType: 'address', name: 'grid', type: 'address'},
					{internalType: 'address', name: 'retailer', type: 'address'},
					{internalType: 'address', name: 'pool', type: 'address'},
				],
				internalType: 'struct Params',
				name: '',
				type: 'tuple',
			},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'paramsVersions',
		outputs: [
			{internalType: 'uint32', name: '', type: 'uint32'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'poolAccount',
		outputs: [
			{internalType: 'address', name: '', type: 'address'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{
				components: [
					{internalType: 'bytes32', name: 'importSubject', type: 'bytes32'},
					{internalType: 'bytes32', name: 'exportSubject', type: 'bytes32'},
					{internalType: 'uint32', name: 'cadenceMs', type: 'uint32'},
					{internalType: 'bytes32', name: 'deviceKey', type: 'bytes32'},
				],
				internalType: 'struct MeterTerms',
				name: 'terms',
				type: 'tuple',
			},
			{
				components: [
					{internalType: 'address', name: 'owner', type: 'address'},
					{internalType: 'uint32', name: 'fromSlot', type: 'uint32'},
					{internalType: 'uint32', name: 'maxExportWh', type: 'uint32'},
					{internalType: 'uint32', name: 'maxImportWh', type: 'uint32'},
				],
				internalType: 'struct Tenure',
				name: 'tenure',
				type: 'tuple',
			},
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bool', name: 'isOperators', type: 'bool'},
		],
		name: 'registerMeter',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'meter', type: 'bytes32'},
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'tenureAt',
		outputs: [
			{
				components: [
					{internalType: 'address', name: 'owner', type: 'address'},
					{internalType: 'uint32', name: 'fromSlot', type: 'uint32'},
					{internalType: 'uint32', name: 'maxExportWh', type: 'uint32'},
					{internalType: 'uint32', name: 'maxImportWh', type: 'uint32'},
				],
				internalType: 'struct Tenure',
				name: 'tenure',
				type: 'tuple',
			},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'slot', type: 'uint64'},
		],
		name: 'versionAt',
		outputs: [
			{internalType: 'uint32', name: '', type: 'uint32'},
		],
		stateMutability: 'view',
		type: 'function',
	},
] as const;

export const marketRulesBytecode = '0x61010060405234801561001157600080fd5b50604051614aef380380614aef833981016040819052610030916108ab565b60408101516001600160a01b031661006357604051630261044d60e21b8152600060048201526024015b60405180910390fd5b6100976a706172616d7344656c617960a81b82606001516001600160401b0316620151806301e1338061012060201b60201c565b6100d9701959999958dd1a5d99519c9bdb54db1bdd607a1b8260800151608001516001600160401b03166100cf61016960201b60201c565b63ffffffff610120565b8051608090815260208201516001600160a01b0390811660a05260408301511660c05260608201516001600160401b031660e0528101516101199061017c565b5050610bca565b8183108061012d57508083115b156101635760405163e0ad37d360e01b81526004810185905260248101849052604481018390526064810182905260840161005a565b50505050565b600061017761038442610a17565b905090565b600080546101a4906776657273696f6e7360c01b908361019f6001611000610a39565b610120565b60208201516101db90700e4cae8c2d2d89ad2c6e4dea0cae496eed607b1b906001600160401b03166000661fffffffffffff610120565b61021d710cee4d2c88ccaca9ad2c6e4dea0cae496eed60731b83604001516001600160401b0316600085602001516001600160401b031661012060201b60201c565b610267700cccacac892dc9ad2c6e4dea0cae496eed607b1b83600001516001600160401b03166000856040015186602001516102599190610a52565b6001600160401b0316610120565b60e0820151610288906670726963696e6760c81b9060ff1660016002610120565b6101008201516102a790636d6f646560e01b9060ff1660016002610120565b6000600160ff1683610100015160ff161490506102f86e676174654c6561645365636f6e647360881b8460a0015163ffffffff166000846102eb57620151806102ee565b60005b62ffffff16610120565b60c083015163ffffffff16156103565761035670706f737457696e646f775365636f6e647360781b8460c0015163ffffffff168361033757603c610344565b6103446103846002610a71565b6001600160401b031662278d00610120565b6101208301516000906001600160a01b0316158061038057506101408401516001600160a01b0316155b8061039757506101608401516001600160a01b0316155b905080806103c057508361014001516001600160a01b03168461012001516001600160a01b0316145b806103e657508361016001516001600160a01b03168461014001516001600160a01b0316145b8061040c57508361012001516001600160a01b03168461016001516001600160a01b0316145b156104595761012084015161014085015161016086015160405163fb99c40b60e01b81526001600160a01b039384166004820152918316602483015291909116604482015260640161005a565b6000604051806101a0016040528086600001516001600160401b0316815260200186602001516001600160401b0316815260200186604001516001600160401b0316815260200186606001516001600160401b0316815260200186608001516001600160401b031681526020016001600160401b03801681526020018660a0015163ffffffff1681526020018660c0015163ffffffff1681526020018660e0015160ff16815260200186610100015160ff1681526020018661012001516001600160a01b031681526020018661014001516001600160a01b031681526020018661016001516001600160a01b0316815250908060018154018082558091505060019003906000526020600020906005020160009091909190915060008201518160000160006101000a8154816001600160401b0302191690836001600160401b0316021790555060208201518160000160086101000a8154816001600160401b0302191690836001600160401b0316021790555060408201518160000160106101000a8154816001600160401b0302191690836001600160401b0316021790555060608201518160000160186101000a8154816001600160401b0302191690836001600160401b0316021790555060808201518160010160006101000a8154816001600160401b0302191690836001600160401b0316021790555060a08201518160010160086101000a8154816001600160401b0302191690836001600160401b0316021790555060c08201518160010160106101000a81548163ffffffff021916908363ffffffff16021790555060e08201518160010160146101000a81548163ffffffff021916908363ffffffff1602179055506101008201518160010160186101000a81548160ff021916908360ff1602179055506101208201518160010160196101000a81548160ff021916908360ff1602179055506101408201518160020160006101000a8154816001600160a01b0302191690836001600160a01b031602179055506101608201518160030160006101000a8154816001600160a01b0302191690836001600160a01b031602179055506101808201518160040160006101000a8154816001600160a01b0302191690836001600160a01b03160217905550505060008054905092508263ffffffff167f719e116226fdaf1c521a41b57ff98c7127fee1c7fc4e717a7f85fadf7c8d3296856040516107dd9190610a9a565b60405180910390a25050919050565b60405160a081016001600160401b038111828210171561081c57634e487b7160e01b600052604160045260246000fd5b60405290565b60405161018081016001600160401b038111828210171561081c57634e487b7160e01b600052604160045260246000fd5b80516001600160a01b038116811461086a57600080fd5b919050565b80516001600160401b038116811461086a57600080fd5b805163ffffffff8116811461086a57600080fd5b805160ff8116811461086a57600080fd5b6000818303610200811280156108c057600080fd5b506108c96107ec565b835181526108d960208501610853565b60208201526108ea60408501610853565b60408201526108fb6060850161086f565b6060820152610180607f198301121561091357600080fd5b61091b610822565b91506109296080850161086f565b825261093760a0850161086f565b602083015261094860c0850161086f565b604083015261095960e0850161086f565b606083015261096b610100850161086f565b608083015261097d6101208501610886565b60a083015261098f6101408501610886565b60c08301526109a1610160850161089a565b60e08301526109b3610180850161089a565b6101008301526109c66101a08501610853565b6101208301526109d96101c08501610853565b6101408301526109ec6101e08501610853565b61016083015260808101919091529392505050565b634e487b7160e01b600052601160045260246000fd5b600082610a3457634e487b7160e01b600052601260045260246000fd5b500490565b81810381811115610a4c57610a4c610a01565b92915050565b6001600160401b038281168282160390811115610a4c57610a4c610a01565b6001600160401b038181168382160290811690818114610a9357610a93610a01565b5092915050565b81516001600160401b0316815261018081016020830151610ac660208401826001600160401b03169052565b506040830151610ae160408401826001600160401b03169052565b506060830151610afc60608401826001600160401b03169052565b506080830151610b1760808401826001600160401b03169052565b5060a0830151610b2f60a084018263ffffffff169052565b5060c0830151610b4760c084018263ffffffff169052565b5060e0830151610b5c60e084018260ff169052565b50610100830151610b7361010084018260ff169052565b50610120830151610b906101208401826001600160a01b03169052565b50610140830151610bad6101408401826001600160a01b03169052565b50610160830151610a936101608401826001600160a01b03169052565b60805160a05160c05160e051613ebb610c34600039600081816103b101526106890152600081816104e50152818161054e015281816110370152818161122a015261134e015260008181610427015261164001526000818161038a01526107390152613ebb6000f3fe608060405234801561001057600080fd5b50600436106101735760003560e01c80638302e4c6116100de578063bc296ca111610097578063cb14f57211610071578063cb14f572146104e0578063dd3c3ef614610507578063e35bfd291461050f578063f698da251461053957600080fd5b8063bc296ca114610474578063c417273914610497578063c4c0301d146104c057600080fd5b80638302e4c6146103ac5780638e69ee66146103d35780638f2b81ff146103fc5780639f1ed5e91461040f578063b0a9fded14610422578063bb97ddb71461046157600080fd5b806348b8c0b61161013057806348b8c0b6146103005780634ddb25ec1461032157806354199328146103365780635b34b9661461034957806375eb06f61461035157806380f556051461038557600080fd5b806304514883146101785780631f57ab0a146101a55780632432d152146101c657806328f3c6dd146101ce5780632fcd90d21461022b578063318a9a8d1461024b575b600080fd5b61018b61018636600461316b565b610541565b60405163ffffffff90911681526020015b60405180910390f35b6101b86101b3366004613188565b610735565b60405190815260200161019c565b60005461018b565b6101e16101dc36600461322d565b610dc0565b60405161019c919081516001600160a01b0316815260208083015163ffffffff90811691830191909152604080840151821690830152606092830151169181019190915260800190565b61023e610239366004613279565b610edc565b60405161019c9190613296565b6102c76102593660046133cd565b604080516080810182526000808252602082018190529181018290526060810191909152506000908152600160208181526040928390208351608081018552815481529281015491830191909152600281015463ffffffff1692820192909252600390910154606082015290565b60405161019c9190815181526020808301519082015260408083015163ffffffff16908201526060918201519181019190915260800190565b61030961025881565b6040516001600160401b03909116815260200161019c565b61033461032f3660046133f6565b61102c565b005b61033461034436600461342b565b6110c2565b6103096110d9565b61030961035f3660046134a2565b60036020908152600092835260408084209091529082529020546001600160401b031681565b6101b87f000000000000000000000000000000000000000000000000000000000000000081565b6103097f000000000000000000000000000000000000000000000000000000000000000081565b6103096103e13660046134ce565b6002602052600090815260409020546001600160401b031681565b61018b61040a3660046134eb565b61118e565b61033461041d366004613518565b61121f565b6104497f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b03909116815260200161019c565b61033461046f36600461353c565b611343565b610487610482366004613598565b6114bf565b604051901515815260200161019c565b6103096104a53660046133cd565b6004602052600090815260409020546001600160401b031681565b6104d36104ce3660046133cd565b61155f565b60405161019c91906135b6565b6104497f000000000000000000000000000000000000000000000000000000000000000081565b6104496115c4565b61052261051d3660046135f9565b611608565b60408051921515835290151560208301520161019c565b6101b8611639565b6000336001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000161461059357604051630261044d60e21b81523360048201526024015b60405180910390fd5b6000805481906105a590600190613631565b815481106105b5576105b5613644565b60009182526020822060059091020191506105d660a08501608086016134eb565b60018084015491925061061b91701959999958dd1a5d99519c9bdb54db1bdd607a1b916001600160401b03808616926106119291169061365a565b63ffffffff611669565b600061062d60c0860160a08701613279565b600184015463ffffffff918216600160801b9091049091161161065f5761065a60c0860160a08701613279565b610672565b6001830154600160801b900463ffffffff165b63ffffffff16905060006106af6001600160401b037f0000000000000000000000000000000000000000000000000000000000000000164261365a565b90506106bb828261365a565b6106c4846116b2565b10156106e657604051630a8d68c960e21b81526004810182905260240161058a565b6001840180546fffffffffffffffff00000000000000001916600160401b6001600160401b03861602179055610729610724368890038801886136e6565b6116c9565b9450505050505b919050565b60007f00000000000000000000000000000000000000000000000000000000000000008460200135146107815760405163a0027bc360e01b81526020850135600482015260240161058a565b6002600061079260208701876134ce565b6001600160a01b031681526020810191909152604001600020546001600160401b03166107c7610180860161016087016134eb565b6001600160401b03161461083f576107e7610180850161016086016134eb565b600260006107f860208801886134ce565b6001600160a01b031681526020810191909152604090810160002054905163062a9a2160e11b81526001600160401b0392831660048201529116602482015260440161058a565b600061085960408601356101dc60c0880160a089016134eb565b905061086860208601866134ce565b6001600160a01b031681600001516001600160a01b03161415806108a15750600061089660208701876134ce565b6001600160a01b0316145b156108e65760408501356108bb60c0870160a088016134eb565b604051637841097360e01b815260048101929092526001600160401b0316602482015260440161058a565b60008060016108fe61040a60c08a0160a08b016134eb565b61090891906137d8565b63ffffffff168154811061091e5761091e613644565b600091825260209091206005909102016001810154909150600160c81b900460ff1661095060a08801608089016137f4565b60ff161461099c5761096860a08701608088016137f4565b6001820154604051633f18e45160e21b815260ff9283166004820152600160c81b909104909116602482015260440161058a565b6001810154600090600160801b900463ffffffff166109c96109c460c08a0160a08b016134eb565b6116b2565b6109d39190613631565b9050806109e26102584261365a565b1115610a10576109f461025882613631565b60405163348f2b4160e11b815260040161058a91815260200190565b610a4c691d985b1a59155b9d1a5b60b21b610a336101608a016101408b016134eb565b6001600160401b0316836001600160401b038016611669565b610a7c681cdb1bdd10dbdd5b9d60ba1b610a6c60e08a0160c08b01613279565b63ffffffff166001618940611669565b610aa3637369646560e01b610a9760808a0160608b016137f4565b60ff1660016002611669565b60006001610ab760808a0160608b016137f4565b60ff16149050610b0a690e2eac2dce8d2e8f2aed60b31b610adf6101008b0160e08c016134eb565b6001600160401b0316600184610af9578760400151610aff565b87606001515b63ffffffff16611669565b610b5a6c0dad2dca2eac2dce8d2e8f2aed609b1b610b306101408b016101208c016134eb565b6001600160401b03166000610b4c6101008d0160e08e016134eb565b6001600160401b0316611669565b600081610b68576000610b7b565b8354600160801b90046001600160401b03165b84546001600160401b0391821692506000918391610baa91600160801b8204811691600160401b900416613631565b610bb4919061365a565b9050610bff6f0d8d2dad2e89ad2c6e4dea0cae496eed60831b610bdf6101208d016101008e016134eb565b87546001600160401b0391821691610bf99187911661365a565b84611669565b610c61610c0a611639565b610c21610c1c368e90038e018e61380f565b611d2c565b60405161190160f01b6020820152602281018390526042810182905260009060620160405160208183030381529060405280519060200120905092915050565b6000818152600460205260409020549097506001600160401b031615610c9d576040516309b2298360e31b81526004810188905260240161058a565b610cea610cad60208c018c6134ce565b888b8b8080601f016020809104026020016040519081016040528093929190818152602001838380828437600092019190915250611d7e92505050565b610d2057610cfb60208b018b6134ce565b604051639a7d38d960e01b81526001600160a01b03909116600482015260240161058a565b6000878152600460205260409020805467ffffffffffffffff1916426001600160401b0316179055610d5860c08b0160a08c016134eb565b6001600160401b0316610d6e60208c018c6134ce565b6001600160a01b0316887f7911d8cdd9af3cbf645e1f2bc6ec7c11a12c8e8c49b5db7c5410efe111612e3c8d8d8d604051610dab93929190613929565b60405180910390a45050505050509392505050565b604080516080810182526000808252602082018190529181018290526060810191909152600083815260016020526040902060040180545b8015610ed35781610e0a600183613631565b81548110610e1a57610e1a613644565b600091825260209091200154600160a01b900463ffffffff166001600160401b03851610610ec35781610e4e600183613631565b81548110610e5e57610e5e613644565b60009182526020918290206040805160808101825291909201546001600160a01b038116825263ffffffff600160a01b8204811694830194909452600160c01b8104841692820192909252600160e01b90910490911660608201529250610ed6915050565b610ecc81613a68565b9050610df8565b50505b92915050565b610ee46130ee565b63ffffffff82161580610efe575060005463ffffffff8316115b15610f2b5760405163626c42d960e11b815263ffffffff831660048201526000602482015260440161058a565b600080610f396001856137d8565b63ffffffff1681548110610f4f57610f4f613644565b60009182526020918290206040805161018081018252600590930290910180546001600160401b038082168552600160401b8204811695850195909552600160801b808204861693850193909352600160c01b90819004851660608501526001820154948516608085015263ffffffff928504831660a0850152600160a01b850490921660c084015260ff918404821660e0840152600160c81b9093041661010082015260028201546001600160a01b03908116610120830152600383015481166101408301526004909201549091166101608201529392505050565b336001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000161461107757604051630261044d60e21b815233600482015260240161058a565b60008381526001602052604081206004015490036110b257604051637841097360e01b8152600481018490526000602482015260440161058a565b6110bd838383611ed2565b505050565b6110d582826110d085611fcd565b6121b3565b5050565b33600090815260026020908152604080832054600383528184206001600160401b0391821680865293529220805467ffffffffffffffff1916429093169290921790915561112681613a7f565b33600081815260026020908152604091829020805467ffffffffffffffff19166001600160401b038616908117909155915191825292935090917f8bf57d761f5e1fff357fb2c1d716c9d66ffe462e74cc21b35f7a0133975e0b15910160405180910390a290565b600080545b80156111f35760006111a6600183613631565b815481106111b6576111b6613644565b60009182526020909120600160059092020101546001600160401b03908116908416106111e35792915050565b6111ec81613a68565b9050611193565b5060405163626c42d960e11b8152600060048201526001600160401b038316602482015260440161058a565b336001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000161461126a57604051630261044d60e21b815233600482015260240161058a565b600082815260016020526040812060040154908190036112bd57826112956040840160208501613279565b604051637841097360e01b8152600481019290925263ffffffff16602482015260440161058a565b61133967199c9bdb54db1bdd60c21b6112dc6040850160208601613279565b63ffffffff16600160008781526020019081526020016000206004016001856113059190613631565b8154811061131557611315613644565b60009182526020909120015461061190600160a01b900463ffffffff16600161365a565b6110bd83836125aa565b336001600160a01b037f0000000000000000000000000000000000000000000000000000000000000000161461138e57604051630261044d60e21b815233600482015260240161058a565b60008581526001602052604090206004810154156113c257604051632cef929f60e01b81526004810187905260240161058a565b843515806113d257506020850135155b806113e1575084356020860135145b156114255760405163e0ad37d360e01b8152677375626a6563747360c01b60048201526020860135602482015260016044820152600019606482015260840161058a565b61145b68636164656e63654d7360b81b6114456060880160408901613279565b63ffffffff166001610b4c6103846103e8613aaa565b84816114678282613acc565b905050857fcf90c74191c1f020706c5aefcee5580c6fafb3758733ac1976e17775de0ad62a8660405161149a9190613b11565b60405180910390a26114ac86856125aa565b6114b7868484611ed2565b505050505050565b600063ffffffff831615806114db575060005463ffffffff8416115b156114e857506000610ed6565b6000806114f66001866137d8565b63ffffffff168154811061150c5761150c613644565b6000918252602090912060059091020160018101549091506001600160401b0390811690841610801590611557575060018101546001600160401b03600160401b9091048116908416105b949350505050565b6000818152600160209081526040918290206005018054835181840281018401909452808452606093928301828280156115b857602002820191906000526020600020905b8154815260200190600101908083116115a4575b50505050509050919050565b6000805481906115d690600190613631565b815481106115e6576115e6613644565b60009182526020909120600460059092020101546001600160a01b0316919050565b60008281526001602081815260408084208585526006019091529091205490811615159060021615155b9250929050565b60006116647f0000000000000000000000000000000000000000000000000000000000000000612724565b905090565b8183108061167657508083115b156116ac5760405163e0ad37d360e01b81526004810185905260248101849052604481018390526064810182905260840161058a565b50505050565b6000610ed66103846001600160401b038416613b4d565b600080546116f1906776657273696f6e7360c01b90836116ec6001611000613631565b611669565b61172f700e4cae8c2d2d89ad2c6e4dea0cae496eed607b1b83602001516001600160401b03166000661fffffffffffff6001600160401b0316611669565b61176b710cee4d2c88ccaca9ad2c6e4dea0cae496eed60731b83604001516001600160401b0316600085602001516001600160401b0316611669565b6117a7700cccacac892dc9ad2c6e4dea0cae496eed607b1b83600001516001600160401b0316600085604001518660200151610b4c9190613b64565b60e08201516117c8906670726963696e6760c81b9060ff1660016002611669565b6101008201516117e790636d6f646560e01b9060ff1660016002611669565b6000600160ff1683610100015160ff161490506118386e676174654c6561645365636f6e647360881b8460a0015163ffffffff1660008461182b576201518061182e565b60005b62ffffff16611669565b60c083015163ffffffff16156118965761189670706f737457696e646f775365636f6e647360781b8460c0015163ffffffff168361187757603c611884565b6118846103846002613aaa565b6001600160401b031662278d00611669565b6101208301516000906001600160a01b031615806118c057506101408401516001600160a01b0316155b806118d757506101608401516001600160a01b0316155b9050808061190057508361014001516001600160a01b03168461012001516001600160a01b0316145b8061192657508361016001516001600160a01b03168461014001516001600160a01b0316145b8061194c57508361012001516001600160a01b03168461016001516001600160a01b0316145b156119995761012084015161014085015161016086015160405163fb99c40b60e01b81526001600160a01b039384166004820152918316602483015291909116604482015260640161058a565b6000604051806101a0016040528086600001516001600160401b0316815260200186602001516001600160401b0316815260200186604001516001600160401b0316815260200186606001516001600160401b0316815260200186608001516001600160401b031681526020016001600160401b03801681526020018660a0015163ffffffff1681526020018660c0015163ffffffff1681526020018660e0015160ff16815260200186610100015160ff1681526020018661012001516001600160a01b031681526020018661014001516001600160a01b031681526020018661016001516001600160a01b0316815250908060018154018082558091505060019003906000526020600020906005020160009091909190915060008201518160000160006101000a8154816001600160401b0302191690836001600160401b0316021790555060208201518160000160086101000a8154816001600160401b0302191690836001600160401b0316021790555060408201518160000160106101000a8154816001600160401b0302191690836001600160401b0316021790555060608201518160000160186101000a8154816001600160401b0302191690836001600160401b0316021790555060808201518160010160006101000a8154816001600160401b0302191690836001600160401b0316021790555060a08201518160010160086101000a8154816001600160401b0302191690836001600160401b0316021790555060c08201518160010160106101000a81548163ffffffff021916908363ffffffff16021790555060e08201518160010160146101000a81548163ffffffff021916908363ffffffff1602179055506101008201518160010160186101000a81548160ff021916908360ff1602179055506101208201518160010160196101000a81548160ff021916908360ff1602179055506101408201518160020160006101000a8154816001600160a01b0302191690836001600160a01b031602179055506101608201518160030160006101000a8154816001600160a01b0302191690836001600160a01b031602179055506101808201518160040160006101000a8154816001600160a01b0302191690836001600160a01b03160217905550505060008054905092508263ffffffff167f719e116226fdaf1c521a41b57ff98c7127fee1c7fc4e717a7f85fadf7c8d329685604051611d1d9190613296565b60405180910390a25050919050565b60007ff6139393f5ae5d081a2ad346b67d5053f695d3a621ccf3c3669edc96f832f8aa82604051602001611d61929190613b83565b604051602081830303815290604052805190602001209050919050565b60006001600160a01b038416611d9657506000611ecb565b836001600160a01b03163b600003611df657600080611db585856127bc565b5090925090506000816003811115611dcf57611dcf613c7f565b148015611ded5750856001600160a01b0316826001600160a01b0316145b92505050611ecb565b600080856001600160a01b03168585604051602401611e16929190613cb9565b60408051601f198184030181529181526020820180516001600160e01b0316630b135d3f60e11b17905251611e4b9190613cf3565b600060405180830381855afa9150503d8060008114611e86576040519150601f19603f3d011682016040523d82523d6000602084013e611e8b565b606091505b5091509150818015611e9f57506020815110155b8015611ec657508051630b135d3f60e11b90611ec49083016020908101908401613d0f565b145b925050505b9392505050565b600083815260016020819052604080832060058101549093611f0193636c6f677360e01b936116ec9190613631565b821580611f1d5750600083815260068201602052604090205415155b15611f4557604051639bdf9b3960e01b8152600481018590526024810184905260440161058a565b600581018054600181018255600091825260209091200183905581611f6b576001611f6e565b60035b60ff168160060160008581526020019081526020016000208190555082847f956f991ff886b1cb2fd6ede98a5bb3dbd7becba341e03ba2be4590428559888584604051611fbf911515815260200190565b60405180910390a350505050565b611fd56130ee565b6000611fe460208401846134eb565b90506000611ff86040850160208601613279565b905061200481836114bf565b6120385760405163626c42d960e11b815263ffffffff821660048201526001600160401b038316602482015260440161058a565b6000806120466001846137d8565b63ffffffff168154811061205c5761205c613644565b600091825260209091206005909102016001810154909150600160c81b900460ff1661208e60608701604088016137f4565b60ff16146120a65761096860608601604087016137f4565b6001810154600090600160801b900463ffffffff166120c4856116b2565b6120ce9190613631565b9050600060016120e46060890160408a016137f4565b60ff16146120f257816120fe565b6120fe6103848361365a565b90508042101561212457604051630a8d68c960e21b81526004810182905260240161058a565b6001830154600160a01b900463ffffffff16801580159061214d575061214a818461365a565b42115b1561215c576109f4818461365a565b505081546001600160401b038082168752600160401b820481166020880152600160801b820481166040880152600160c01b918290041660608701526001909201549190910460ff1660e085015250919392505050565b600260ff168160e0015160ff16036122685760006121d8610100850160e08601613279565b63ffffffff166121ee60c0860160a08701613279565b63ffffffff161161220f5761220a610100850160e08601613279565b61221f565b61221f60c0850160a08601613279565b63ffffffff16905060018111156122665780600061223c84612809565b6040516312558e4360e31b815260048101939093526024830191909152604482015260640161058a565b505b61227a610140840161012085016134eb565b6001600160401b0316600003612294576110bd8383612857565b60608101516001600160401b0316158015906122d6575060608101516001600160401b03166122cb610140850161012086016134eb565b6001600160401b0316115b1561231e576122ed610140840161012085016134eb565b606082015160405163141ae15760e11b81526001600160401b0392831660048201529116602482015260440161058a565b6000808061236c612337610140880161012089016134eb565b6001600160401b031661235060c0890160a08a01613279565b63ffffffff1660c08901356123658980613d28565b6001612a13565b91945092509050600080806123c661238c6101408b016101208c016134eb565b6001600160401b03166123a66101008c0160e08d01613279565b63ffffffff166101008c01356123bf60208d018d613d28565b6000612a13565b925092509250828610156123f757604051631cc0345560e21b8152600481018790526024810184905260440161058a565b60008480156124035750815b90508080156124125750828610155b8015612445575060608801516001600160401b03166124396101408c016101208d016134eb565b6001600160401b031614155b1561246d576040516301e739b760e31b8152600481018790526024810184905260440161058a565b60008082801561247c57508488115b1561248b5750869050836124eb565b600087801561249957508689115b6124a357866124a5565b885b905060008580156124b557508a87105b6124bf578a6124c1565b865b905060026124cf8383613631565b6124d99190613d3f565b6124e3908361365a565b935083925050505b816124fe6101608e016101408f016134eb565b6001600160401b031614158061252e5750806125226101808e016101608f016134eb565b6001600160401b031614155b15612591576125456101608d016101408e016134eb565b6125576101808e016101608f016134eb565b6040516378f5271f60e01b81526001600160401b03928316600482015291166024820152604481018390526064810182905260840161058a565b61259c82828c612b8b565b505050505050505050505050565b6000828152600160208190526040808320600401805490936125dc936674656e7572657360c81b936116ec9190613631565b60006125eb60208401846134ce565b6001600160a01b0316036126375760405163e0ad37d360e01b81526437bbb732b960d91b600482015260006024820152600160448201526001600160a01b03606482015260840161058a565b61266f67199c9bdb54db1bdd60c21b6126566040850160208601613279565b63ffffffff16612664612ca8565b61061190600161365a565b805460018101825560008281526020902083910161268d8282613d61565b5061269d905060208301836134ce565b6001600160a01b0316837f57aa3107eea6c3c953f830fca8e496644f78af145f58db372113118f03d942636126d86040860160208701613279565b6126e86060870160408801613279565b6126f86080880160608901613279565b6040805163ffffffff9485168152928416602084015292168183015290519081900360600190a3505050565b604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201527fa25afa91fb091c717e7d6c09a2164dbe6235297ea3c28d20982ffe2c7749e20e918101919091527fc89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc660608201524660808201526001600160a01b03821660a082015260009060c001611d61565b600080600083516041036127f65760208401516040850151606086015160001a6127e888828585612cb6565b955095509550505050612802565b50508151600091506002905b9250925092565b8051604082015160208301516000926001600160401b031691600291839161283091613b64565b6001600160401b03166128439190613631565b61284d9190613d3f565b611ecb908261365a565b612869610160830161014084016134eb565b6001600160401b0316151580612898575061288c610180830161016084016134eb565b6001600160401b031615155b156128fb576128af610160830161014084016134eb565b6128c1610180840161016085016134eb565b6040516378f5271f60e01b81526001600160401b03928316600482015291166024820152600060448201819052606482015260840161058a565b60006129488161291160c0860160a08701613279565b63ffffffff1660c08601356129268680613d28565b6020016129338780613d28565b612941906080810190613dfc565b6001612d85565b50905060006129a381612962610100870160e08801613279565b63ffffffff1661010087013561297b6020880188613d28565b60200187806020019061298e9190613d28565b61299c906080810190613dfc565b6000612d85565b5090506129b660c0850160a08601613279565b63ffffffff16158015906129df57506129d6610100850160e08601613279565b63ffffffff1615155b80156129eb5750808210155b156116ac576040516301e739b760e31b8152600481018390526024810182905260440161058a565b6000808080612a256020870187613279565b63ffffffff169050878110612a575760405163b0a9aa6b60e01b8152600481018290526024810189905260440161058a565b6000612a76828a8a60208b01612a7060808d018d613dfc565b8c612d85565b90955090506000612a8d6060890160408a016134eb565b6001600160401b03169050818b111580612aaf5750612aac818361365a565b8b115b15612ade5760405163cd8f1c3560e01b8152600481018c9052602481018390526044810182905260640161058a565b612ae8818361365a565b8b1015612aff575084935060019250612b80915050565b612b27612b0d84600161365a565b8b8b60a08c01612b216101008e018e613dfc565b8d612d85565b50945089612b3684600161365a565b109350838015612b54575086612b4f5785851115612b54565b858510155b15612b7c5760405163525aa23f60e01b8152600481018790526024810186905260440161058a565b5050505b955095509592505050565b8051604082015160208301516001600160401b0390921691600091612baf91613b64565b6001600160401b03169050600260ff168360e0015160ff1603612c3d576000612bd784612809565b9050808614612c0a576040516312558e4360e31b815260016004820152602481018790526044810182905260640161058a565b808514612c3b576040516312558e4360e31b815260016004820152602481018690526044810182905260640161058a565b505b81841015612c6f5760405163d9de081b60e01b815260048101859052602481018390526044810182905260640161058a565b80851115612ca15760405163d9de081b60e01b815260048101869052602481018390526044810182905260640161058a565b5050505050565b600061166461038442613d3f565b600080807f7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0841115612cf15750600091506003905082612d7b565b604080516000808252602082018084528a905260ff891692820192909252606081018790526080810186905260019060a0016020604051602081039080840390855afa158015612d45573d6000803e3d6000fd5b5050604051601f1901519150506001600160a01b038116612d7157506000925060019150829050612d7b565b9250600091508190505b9450945094915050565b600080612d9560208701876134eb565b6001600160401b031691506000612db260408801602089016134eb565b6001600160401b03169050888a1015612dee5780600003612de957604051638b4d01b160e01b8152600481018b905260240161058a565b612e48565b80151580612dff5750604087013515155b80612e27575083612e17576001600160401b03612e1a565b60005b6001600160401b03168314155b15612e4857604051636262853d60e11b8152600481018b905260240161058a565b6000612e78612e64612e5f368b90038b018b613e42565b612eb5565b838d612e718e600161365a565b8b8b612f03565b5093509050888114612ea75760405163a864586d60e01b815260048101829052602481018a905260440161058a565b505097509795505050505050565b80516020808301516040808501519051601160f81b938101939093526001600160c01b031960c094851b811660218501529190931b1660298201526031810191909152600090605101611d61565b60008080612f148787866028612fc9565b60405160028153899350889150848601865b81811015612f9457602081013560c01c60018b168015612f615760288360018701378760298601528560c01b60498601528187019650612f79565b8760018601528560c01b602186015260288360298701375b506051842060019b909b1c9a96509390930192602801612f26565b505050604081901c15612fbd576040516302bec27b60e11b81526004810182905260240161058a565b96509650969350505050565b828410612ff35760405163b0a9aa6b60e01b8152600481018590526024810184905260440161058a565b600081612fff85613034565b6130099190613b4d565b9050808314612ca15760405162ec286d60e11b8152600481018490526024810182905260440161058a565b6000600282101561304757506000919050565b6000613054600184613631565b9050608081901c15613068576080918201911c5b604081901c1561307a576040918201911c5b602081901c1561308c576020918201911c5b601081901c1561309e576010918201911c5b600881901c156130b0576008918201911c5b600481901c156130c2576004918201911c5b600281901c156130d4576002918201911c5b600181901c156130e5576001820191505b50600101919050565b6040805161018081018252600080825260208201819052918101829052606081018290526080810182905260a0810182905260c0810182905260e0810182905261010081018290526101208101829052610140810182905261016081019190915290565b6000610180828403121561316557600080fd5b50919050565b6000610180828403121561317e57600080fd5b611ecb8383613152565b60008060008385036101c081121561319f57600080fd5b6101a08112156131ae57600080fd5b508392506101a08401356001600160401b038111156131cc57600080fd5b8401601f810186136131dd57600080fd5b80356001600160401b038111156131f357600080fd5b86602082840101111561320557600080fd5b939660209190910195509293505050565b80356001600160401b038116811461073057600080fd5b6000806040838503121561324057600080fd5b8235915061325060208401613216565b90509250929050565b63ffffffff8116811461326b57600080fd5b50565b803561073081613259565b60006020828403121561328b57600080fd5b8135611ecb81613259565b81516001600160401b03168152610180810160208301516132c260208401826001600160401b03169052565b5060408301516132dd60408401826001600160401b03169052565b5060608301516132f860608401826001600160401b03169052565b50608083015161331360808401826001600160401b03169052565b5060a083015161332b60a084018263ffffffff169052565b5060c083015161334360c084018263ffffffff169052565b5060e083015161335860e084018260ff169052565b5061010083015161336f61010084018260ff169052565b5061012083015161338c6101208401826001600160a01b03169052565b506101408301516133a96101408401826001600160a01b03169052565b506101608301516133c66101608401826001600160a01b03169052565b5092915050565b6000602082840312156133df57600080fd5b5035919050565b8035801515811461073057600080fd5b60008060006060848603121561340b57600080fd5b8335925060208401359150613422604085016133e6565b90509250925092565b6000806101a0838503121561343f57600080fd5b6134498484613152565b91506101808301356001600160401b0381111561346557600080fd5b83016040818603121561347757600080fd5b809150509250929050565b6001600160a01b038116811461326b57600080fd5b803561073081613482565b600080604083850312156134b557600080fd5b82356134c081613482565b915061325060208401613216565b6000602082840312156134e057600080fd5b8135611ecb81613482565b6000602082840312156134fd57600080fd5b611ecb82613216565b60006080828403121561316557600080fd5b60008060a0838503121561352b57600080fd5b823591506132508460208501613506565b6000806000806000610160868803121561355557600080fd5b853594506135668760208801613506565b93506135758760a08801613506565b9250610120860135915061358c61014087016133e6565b90509295509295909350565b600080604083850312156135ab57600080fd5b82356134c081613259565b602080825282518282018190526000918401906040840190835b818110156135ee5783518352602093840193909201916001016135d0565b509095945050505050565b6000806040838503121561360c57600080fd5b50508035926020909101359150565b634e487b7160e01b600052601160045260246000fd5b81810381811115610ed657610ed661361b565b634e487b7160e01b600052603260045260246000fd5b80820180821115610ed657610ed661361b565b60405161018081016001600160401b038111828210171561369e57634e487b7160e01b600052604160045260246000fd5b60405290565b6040516101a081016001600160401b038111828210171561369e57634e487b7160e01b600052604160045260246000fd5b803560ff8116811461073057600080fd5b60006101808284031280156136fa57600080fd5b5061370361366d565b61370c83613216565b815261371a60208401613216565b602082015261372b60408401613216565b604082015261373c60608401613216565b606082015261374d60808401613216565b608082015261375e60a0840161326e565b60a082015261376f60c0840161326e565b60c082015261378060e084016136d5565b60e082015261379261010084016136d5565b6101008201526137a56101208401613497565b6101208201526137b86101408401613497565b6101408201526137cb6101608401613497565b6101608201529392505050565b63ffffffff8281168282160390811115610ed657610ed661361b565b60006020828403121561380657600080fd5b611ecb826136d5565b60006101a082840312801561382357600080fd5b5061382c6136a4565b61383583613497565b81526020838101359082015260408084013590820152613857606084016136d5565b6060820152613868608084016136d5565b608082015261387960a08401613216565b60a082015261388a60c0840161326e565b60c082015261389b60e08401613216565b60e08201526138ad6101008401613216565b6101008201526138c06101208401613216565b6101208201526138d36101408401613216565b6101408201526138e66101608401613216565b610160820152610180928301359281019290925250919050565b81835281816020850137506000828201602090810191909152601f909101601f19169091010190565b6139438161393686613497565b6001600160a01b03169052565b60208481013590820152604080850135908201526000613965606086016136d5565b60ff166060830152613979608086016136d5565b60ff16608083015261398d60a08601613216565b6001600160401b031660a08301526139a760c0860161326e565b63ffffffff1660c08301526139be60e08601613216565b6001600160401b031660e08301526139d96101008601613216565b6001600160401b03166101008301526139f56101208601613216565b6001600160401b0316610120830152613a116101408601613216565b6001600160401b0316610140830152613a2d6101608601613216565b6001600160401b031661016083015261018085810135908301526101c06101a08301819052613a5f9083018486613900565b95945050505050565b600081613a7757613a7761361b565b506000190190565b60006001600160401b0382166001600160401b038103613aa157613aa161361b565b60010192915050565b6001600160401b0381811683821602908116908181146133c6576133c661361b565b8135815560208201356001820155600281016040830135613aec81613259565b815463ffffffff191663ffffffff919091161790556060919091013560039190910155565b8135815260208083013590820152608081016040830135613b3181613259565b63ffffffff166040830152606092830135929091019190915290565b8082028115828204841417610ed657610ed661361b565b6001600160401b038281168282160390811115610ed657610ed661361b565b82815281516001600160a01b031660208201526101c0810160208301516040830152604083015160608301526060830151613bc3608084018260ff169052565b50608083015160ff811660a08401525060a08301516001600160401b03811660c08401525060c083015163ffffffff811660e08401525060e08301516001600160401b038116610100840152506101008301516001600160401b038116610120840152506101208301516001600160401b038116610140840152506101408301516001600160401b038116610160840152506101608301516001600160401b038116610180840152506101808301516101a08301529392505050565b634e487b7160e01b600052602160045260246000fd5b60005b83811015613cb0578181015183820152602001613c98565b50506000910152565b8281526040602082015260008251806040840152613cde816060850160208701613c95565b601f01601f1916919091016060019392505050565b60008251613d05818460208701613c95565b9190910192915050565b600060208284031215613d2157600080fd5b5051919050565b6000823561011e19833603018112613d0557600080fd5b600082613d5c57634e487b7160e01b600052601260045260246000fd5b500490565b8135613d6c81613482565b81546020840135613d7c81613259565b6040850135613d8a81613259565b60a09190911b63ffffffff60a01b166001600160e01b0319929092166001600160a01b0393909316929092171760c09190911b63ffffffff60c01b1617815560006060830135613dd981613259565b82546001600160e01b031660e09190911b6001600160e01b031916179091555050565b6000808335601e19843603018112613e1357600080fd5b8301803591506001600160401b03821115613e2d57600080fd5b60200191503681900382131561163257600080fd5b60006060828403128015613e5557600080fd5b50604051600090606081016001600160401b0381118282101715613e8757634e487b7160e01b83526041600452602483fd5b604052613e9384613216565b8152613ea160208501613216565b60208201526040938401359381019390935250909291505056';
