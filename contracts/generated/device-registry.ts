// The interface and creation code of contracts/DeviceRegistry.sol. Made by `npm run contracts`; do not edit.

export const deviceRegistryAbi = [
	{
		inputs: [],
		stateMutability: 'nonpayable',
		type: 'constructor',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
			{internalType: 'address', name: 'owner', type: 'address'},
		],
		name: 'BoundToAnother',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
			{internalType: 'bytes32', name: 'expected', type: 'bytes32'},
			{internalType: 'bytes32', name: 'found', type: 'bytes32'},
		],
		name: 'HistoryMoved',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'caller', type: 'address'},
			{internalType: 'address', name: 'opener', type: 'address'},
			{internalType: 'address', name: 'owner', type: 'address'},
		],
		name: 'NotASide',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
		],
		name: 'NotBound',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'side', type: 'address'},
			{internalType: 'bytes32', name: 'digest', type: 'bytes32'},
		],
		name: 'NotSigned',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
		],
		name: 'NothingChanges',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
		],
		name: 'OwnerMissing',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
			{internalType: 'address', name: 'owner', type: 'address'},
		],
		name: 'OwnerNotAsked',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
			{internalType: 'uint256', name: 'time', type: 'uint256'},
		],
		name: 'TermsExpired',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'timestamp', type: 'uint256'},
		],
		name: 'TimeNotInSeconds',
		type: 'error',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{indexed: true, internalType: 'bytes32', name: 'device', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'owner', type: 'address'},
			{indexed: false, internalType: 'bytes32', name: 'keyHash', type: 'bytes32'},
			{indexed: false, internalType: 'bytes32', name: 'certificateHash', type: 'bytes32'},
			{indexed: false, internalType: 'bool', name: 'openerRotates', type: 'bool'},
			{indexed: false, internalType: 'address', name: 'by', type: 'address'},
			{indexed: false, internalType: 'uint40', name: 'time', type: 'uint40'},
			{indexed: false, internalType: 'uint40', name: 'previousTime', type: 'uint40'},
		],
		name: 'Bound',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{indexed: true, internalType: 'bytes32', name: 'device', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'side', type: 'address'},
			{
				components: [
					{internalType: 'address', name: 'anchorRegistry', type: 'address'},
					{internalType: 'address', name: 'opener', type: 'address'},
					{internalType: 'bytes32', name: 'originHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'device', type: 'bytes32'},
					{internalType: 'address', name: 'owner', type: 'address'},
					{internalType: 'bytes32', name: 'keyHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'certificateHash', type: 'bytes32'},
					{internalType: 'bool', name: 'openerRotates', type: 'bool'},
					{internalType: 'bytes32', name: 'history', type: 'bytes32'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
				],
				indexed: false,
				internalType: 'struct Terms',
				name: 'terms',
				type: 'tuple',
			},
		],
		name: 'Proposed',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{indexed: true, internalType: 'bytes32', name: 'device', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'owner', type: 'address'},
			{indexed: false, internalType: 'address', name: 'by', type: 'address'},
			{indexed: false, internalType: 'uint40', name: 'time', type: 'uint40'},
			{indexed: false, internalType: 'uint40', name: 'previousTime', type: 'uint40'},
		],
		name: 'Unbound',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{indexed: true, internalType: 'bytes32', name: 'device', type: 'bytes32'},
			{indexed: true, internalType: 'address', name: 'side', type: 'address'},
			{indexed: false, internalType: 'bytes32', name: 'digest', type: 'bytes32'},
		],
		name: 'Withdrawn',
		type: 'event',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'address', name: 'anchorRegistry', type: 'address'},
					{internalType: 'address', name: 'opener', type: 'address'},
					{internalType: 'bytes32', name: 'originHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'device', type: 'bytes32'},
					{internalType: 'address', name: 'owner', type: 'address'},
					{internalType: 'bytes32', name: 'keyHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'certificateHash', type: 'bytes32'},
					{internalType: 'bool', name: 'openerRotates', type: 'bool'},
					{internalType: 'bytes32', name: 'history', type: 'bytes32'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
				],
				internalType: 'struct Terms',
				name: 'terms',
				type: 'tuple',
			},
		],
		name: 'bind',
		outputs: [
			{internalType: 'bool', name: 'bound', type: 'bool'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'address', name: 'anchorRegistry', type: 'address'},
					{internalType: 'address', name: 'opener', type: 'address'},
					{internalType: 'bytes32', name: 'originHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'device', type: 'bytes32'},
					{internalType: 'address', name: 'owner', type: 'address'},
					{internalType: 'bytes32', name: 'keyHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'certificateHash', type: 'bytes32'},
					{internalType: 'bool', name: 'openerRotates', type: 'bool'},
					{internalType: 'bytes32', name: 'history', type: 'bytes32'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
				],
				internalType: 'struct Terms',
				name: 'terms',
				type: 'tuple',
			},
			{internalType: 'bytes', name: 'signature', type: 'bytes'},
		],
		name: 'bindSigned',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
		],
		name: 'bindingOf',
		outputs: [
			{
				components: [
					{internalType: 'address', name: 'owner', type: 'address'},
					{internalType: 'uint40', name: 'boundSince', type: 'uint40'},
					{internalType: 'uint40', name: 'changedAt', type: 'uint40'},
					{internalType: 'bool', name: 'openerRotates', type: 'bool'},
					{internalType: 'bytes32', name: 'keyHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'certificateHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'history', type: 'bytes32'},
				],
				internalType: 'struct Binding',
				name: '',
				type: 'tuple',
			},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'address', name: 'anchorRegistry', type: 'address'},
					{internalType: 'address', name: 'opener', type: 'address'},
					{internalType: 'bytes32', name: 'originHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'device', type: 'bytes32'},
					{internalType: 'address', name: 'owner', type: 'address'},
					{internalType: 'bytes32', name: 'keyHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'certificateHash', type: 'bytes32'},
					{internalType: 'bool', name: 'openerRotates', type: 'bool'},
					{internalType: 'bytes32', name: 'history', type: 'bytes32'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
				],
				internalType: 'struct Terms',
				name: 'terms',
				type: 'tuple',
			},
		],
		name: 'digestOf',
		outputs: [
			{internalType: 'bytes32', name: '', type: 'bytes32'},
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
		inputs: [
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
		],
		name: 'fixKeys',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'history', type: 'bytes32'},
			{internalType: 'bytes32', name: 'logId', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
			{internalType: 'address', name: 'owner', type: 'address'},
			{internalType: 'bytes32', name: 'keyHash', type: 'bytes32'},
			{internalType: 'bytes32', name: 'certificateHash', type: 'bytes32'},
			{internalType: 'bool', name: 'openerRotates', type: 'bool'},
			{internalType: 'address', name: 'by', type: 'address'},
			{internalType: 'uint40', name: 'time', type: 'uint40'},
		],
		name: 'historyAfter',
		outputs: [
			{internalType: 'bytes32', name: '', type: 'bytes32'},
		],
		stateMutability: 'pure',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'anchorRegistry', type: 'address'},
			{internalType: 'address', name: 'opener', type: 'address'},
			{internalType: 'bytes32', name: 'originHash', type: 'bytes32'},
		],
		name: 'logIdOf',
		outputs: [
			{internalType: 'bytes32', name: '', type: 'bytes32'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'anchorRegistry', type: 'address'},
			{internalType: 'bytes32', name: 'originHash', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
			{internalType: 'bytes32', name: 'keyHash', type: 'bytes32'},
			{internalType: 'bytes32', name: 'certificateHash', type: 'bytes32'},
		],
		name: 'rotate',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'anchorRegistry', type: 'address'},
			{internalType: 'address', name: 'opener', type: 'address'},
			{internalType: 'bytes32', name: 'originHash', type: 'bytes32'},
			{internalType: 'bytes32', name: 'device', type: 'bytes32'},
		],
		name: 'unbind',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{
				components: [
					{internalType: 'address', name: 'anchorRegistry', type: 'address'},
					{internalType: 'address', name: 'opener', type: 'address'},
					{internalType: 'bytes32', name: 'originHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'device', type: 'bytes32'},
					{internalType: 'address', name: 'owner', type: 'address'},
					{internalType: 'bytes32', name: 'keyHash', type: 'bytes32'},
					{internalType: 'bytes32', name: 'certificateHash', type: 'bytes32'},
					{internalType: 'bool', name: 'openerRotates', type: 'bool'},
					{internalType: 'bytes32', name: 'history', type: 'bytes32'},
					{internalType: 'uint64', name: 'validUntil', type: 'uint64'},
				],
				internalType: 'struct Terms',
				name: 'terms',
				type: 'tuple',
			},
		],
		name: 'withdraw',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes32', name: 'digest', type: 'bytes32'},
			{internalType: 'address', name: 'side', type: 'address'},
		],
		name: 'wordOf',
		outputs: [
			{internalType: 'enum Word', name: '', type: 'uint8'},
		],
		stateMutability: 'view',
		type: 'function',
	},
] as const;

export const deviceRegistryBytecode = '0x6080604052348015600f57600080fd5b504260281c156037576040516302cd8b3360e21b815242600482015260240160405180910390fd5b611db5806100466000396000f3fe608060405234801561001057600080fd5b50600436106100d45760003560e01c8063873623c911610081578063c928f9721161005b578063c928f972146103c0578063f65d90ac146103d3578063f698da25146103e657600080fd5b8063873623c9146101ec578063b24155171461020f578063b7c04b0b146103ad57600080fd5b80635c6f6928116100b25780635c6f6928146101a6578063684544ac146101b957806370df340b146101cc57600080fd5b80630ba56d7c146100d9578063416a0efa1461017e5780634caccac414610193575b600080fd5b61016b6100e73660046118c9565b6040805160208082019b909b5280820199909952606089019790975273ffffffffffffffffffffffffffffffffffffffff958616608089015260a088019490945260c0870192909252151560e086015290911661010084015264ffffffffff1661012080840191909152815180840390910181526101409092019052805191012090565b6040519081526020015b60405180910390f35b61019161018c36600461195c565b61048e565b005b61016b6101a136600461199e565b610607565b6101916101b43660046119f4565b61065f565b6101916101c7366004611a11565b61081f565b6101df6101da366004611a99565b610934565b6040516101759190611af4565b6101ff6101fa3660046119f4565b61096e565b6040519015158152602001610175565b61033161021d366004611b35565b6040805160e081018252600080825260208201819052918101829052606081018290526080810182905260a0810182905260c08101919091525060009182526020828152604080842092845291815291819020815160e081018352815473ffffffffffffffffffffffffffffffffffffffff8116825274010000000000000000000000000000000000000000810464ffffffffff908116958301959095527901000000000000000000000000000000000000000000000000008104909416928101929092527e0100000000000000000000000000000000000000000000000000000000000090920460ff161515606082015260018201546080820152600282015460a082015260039091015460c082015290565b6040516101759190600060e08201905073ffffffffffffffffffffffffffffffffffffffff835116825264ffffffffff602084015116602083015264ffffffffff60408401511660408301526060830151151560608301526080830151608083015260a083015160a083015260c083015160c083015292915050565b6101916103bb366004611b57565b610b0a565b6101916103ce366004611b35565b610c31565b61016b6103e13660046119f4565b610d99565b61016b604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201527f434e0cfb2f46ec77b1625c273510b2e504443332cff27b55283ef0d231463570918101919091527fc89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc660608201524660808201523060a082015260009060c00160405160208183030381529060405280519060200120905090565b600061049b863387610607565b600081815260208181526040808320888452909152902080549192509073ffffffffffffffffffffffffffffffffffffffff1680610514576040517ff3199e5700000000000000000000000000000000000000000000000000000000815260048101849052602481018790526044015b60405180910390fd5b81547e01000000000000000000000000000000000000000000000000000000000000900460ff16610597576040517fb9248cc0000000000000000000000000000000000000000000000000000000008152600481018490526024810187905273ffffffffffffffffffffffffffffffffffffffff8216604482015260640161050b565b8482600101541480156105ad5750838260020154145b156105ee576040517f210f7994000000000000000000000000000000000000000000000000000000008152600481018490526024810187905260440161050b565b6105fd83878388886001610eeb565b5050505050505050565b604080514660208083019190915273ffffffffffffffffffffffffffffffffffffffff868116838501528516606083015260808083018590528351808403909101815260a090920190925280519101205b9392505050565b61066f6040820160208301611b99565b73ffffffffffffffffffffffffffffffffffffffff163373ffffffffffffffffffffffffffffffffffffffff16141580156106e557506106b560a0820160808301611b99565b73ffffffffffffffffffffffffffffffffffffffff163373ffffffffffffffffffffffffffffffffffffffff1614155b1561076657336106fb6040830160208401611b99565b61070b60a0840160808501611b99565b6040517f2a83d70f00000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff93841660048201529183166024830152909116604482015260640161050b565b600061077182610d99565b600081815260016020908152604080832033808552908352922080547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff00166002179055919250906060840135906107e8906107ce90860186611b99565b6107de6040870160208801611b99565b8660400135610607565b6040518481527faa57c78b1e1a9e4588c3b359253e4926510f7c8dd79d1fd35ab1d300278d8f829060200160405180910390a45050565b60008061082b85611218565b91509150600061083a86610d99565b90506002600082815260016020908152604080832073ffffffffffffffffffffffffffffffffffffffff8716845290915290205460ff16600281111561088257610882611ac5565b14806108cc57506108ca828287878080601f01602080910402602001604051908101604052809392919081815260200183838082843760009201919091525061151492505050565b155b15610922576040517f950028a200000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff831660048201526024810182905260440161050b565b61092c838761170c565b505050505050565b600082815260016020908152604080832073ffffffffffffffffffffffffffffffffffffffff8516845290915290205460ff165b92915050565b600080600061097c84611218565b91509150600061098b85610d99565b905073ffffffffffffffffffffffffffffffffffffffff821633148015906109f757506001600082815260016020908152604080832073ffffffffffffffffffffffffffffffffffffffff8716845290915290205460ff1660028111156109f4576109f4611ac5565b14155b15610aa057600081815260016020818152604080842033855290915290912080547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0016828002179055503373ffffffffffffffffffffffffffffffffffffffff168560600135847f1c8f752aec11b7d2b7f3e97626802cf0f632b9ef9758004276a59d2e91eb2ea088604051610a8d9190611caa565b60405180910390a4506000949350505050565b600081815260016020908152604080832073ffffffffffffffffffffffffffffffffffffffff86168452909152902080547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff00169055610aff838661170c565b506001949350505050565b6000610b17858585610607565b60008181526020818152604080832086845290915290205490915073ffffffffffffffffffffffffffffffffffffffff1680610b89576040517ff3199e57000000000000000000000000000000000000000000000000000000008152600481018390526024810184905260440161050b565b3373ffffffffffffffffffffffffffffffffffffffff861614801590610bc557503373ffffffffffffffffffffffffffffffffffffffff821614155b15610c22576040517f2a83d70f00000000000000000000000000000000000000000000000000000000815233600482015273ffffffffffffffffffffffffffffffffffffffff80871660248301528216604482015260640161050b565b61092c82846000808080610eeb565b6000828152602081815260408083208484529091529020805473ffffffffffffffffffffffffffffffffffffffff1680610ca1576040517ff3199e57000000000000000000000000000000000000000000000000000000008152600481018590526024810184905260440161050b565b3373ffffffffffffffffffffffffffffffffffffffff821614610d15576040517f2a83d70f0000000000000000000000000000000000000000000000000000000081523360048201526000602482015273ffffffffffffffffffffffffffffffffffffffff8216604482015260640161050b565b81547e01000000000000000000000000000000000000000000000000000000000000900460ff16610d7c576040517f210f7994000000000000000000000000000000000000000000000000000000008152600481018590526024810184905260440161050b565b610d93848483856001015486600201546000610eeb565b50505050565b6000610e43604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201527f434e0cfb2f46ec77b1625c273510b2e504443332cff27b55283ef0d231463570918101919091527fc89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc660608201524660808201523060a082015260009060c00160405160208183030381529060405280519060200120905090565b7fc3d6ec7c5957c221d1809cbef3c28e75cffef24526496be0ce1a1595505a190f83604051602001610e76929190611cb9565b60405160208183030381529060405280519060200120604051602001610ece9291907f190100000000000000000000000000000000000000000000000000000000000081526002810192909252602282015260420190565b604051602081830303815290604052805190602001209050919050565b6000868152602081815260408083208884529091529020805473ffffffffffffffffffffffffffffffffffffffff80821691790100000000000000000000000000000000000000000000000000900464ffffffffff1690429088168314610fe55783547fffffffffffffffffffffffff00000000000000000000000000000000000000001673ffffffffffffffffffffffffffffffffffffffff8916908117855515610f975780610f9a565b60005b845464ffffffffff9190911674010000000000000000000000000000000000000000027fffffffffffffff0000000000ffffffffffffffffffffffffffffffffffffffff9091161784555b83548515157e0100000000000000000000000000000000000000000000000000000000000081027fff00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff64ffffffffff85167901000000000000000000000000000000000000000000000000008102919091167fff000000000000ffffffffffffffffffffffffffffffffffffffffffffffffff9094169390931717865560018601899055600286018890556003860154604080516020808201939093528082018f9052606081018e905273ffffffffffffffffffffffffffffffffffffffff8d16608082015260a081018c905260c081018b905260e08101939093523361010084015261012080840194909452805180840390940184526101409092019091528151910120600385015573ffffffffffffffffffffffffffffffffffffffff8816611192576040805133815264ffffffffff8381166020830152841681830152905173ffffffffffffffffffffffffffffffffffffffff8516918b918d917fe2f018be9c150ecc431273a416a5ed42a54f3298036e3d3a3f2b98bcc40ec4b0919081900360600190a461120c565b60408051888152602081018890528615158183015233606082015264ffffffffff8381166080830152841660a0820152905173ffffffffffffffffffffffffffffffffffffffff8a16918b918d917f418c69468211e56daab5c79396a20c9deb749f61df4fc787894101ac221128b8919081900360c00190a45b50505050505050505050565b60008061124561122b6020850185611b99565b61123b6040860160208701611b99565b8560400135610607565b9150600061125960a0850160808601611b99565b73ffffffffffffffffffffffffffffffffffffffff16036112b3576040517f4cc36fae000000000000000000000000000000000000000000000000000000008152600481018390526060840135602482015260440161050b565b6112c36040840160208501611b99565b73ffffffffffffffffffffffffffffffffffffffff1633036112f6576112ef60a0840160808501611b99565b9050611353565b61130660a0840160808501611b99565b73ffffffffffffffffffffffffffffffffffffffff163303611332576112ef6040840160208501611b99565b336113436040850160208601611b99565b61070b60a0860160808701611b99565b61136561014084016101208501611cce565b67ffffffffffffffff164211156113cd5761138861014084016101208501611cce565b6040517f7438e7d500000000000000000000000000000000000000000000000000000000815267ffffffffffffffff909116600482015242602482015260440161050b565b6000828152602081815260408083206060870135845290915290206003810154610100850135811461144a576040517f5e878c98000000000000000000000000000000000000000000000000000000008152600481018590526060860135602482015261010086013560448201526064810182905260840161050b565b815473ffffffffffffffffffffffffffffffffffffffff1680158015906114ac575061147c60a0870160808801611b99565b73ffffffffffffffffffffffffffffffffffffffff168173ffffffffffffffffffffffffffffffffffffffff1614155b1561150c576040517f4d7ce8bf000000000000000000000000000000000000000000000000000000008152600481018690526060870135602482015273ffffffffffffffffffffffffffffffffffffffff8216604482015260640161050b565b505050915091565b600073ffffffffffffffffffffffffffffffffffffffff841661153957506000610658565b8373ffffffffffffffffffffffffffffffffffffffff163b6000036115c0576000806115658585611749565b509092509050600081600381111561157f5761157f611ac5565b1480156115b757508573ffffffffffffffffffffffffffffffffffffffff168273ffffffffffffffffffffffffffffffffffffffff16145b92505050610658565b6000808573ffffffffffffffffffffffffffffffffffffffff1685856040516024016115ed929190611d0d565b604080517fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe08184030181529181526020820180517bffffffffffffffffffffffffffffffffffffffffffffffffffffffff167f1626ba7e000000000000000000000000000000000000000000000000000000001790525161166e9190611d65565b600060405180830381855afa9150503d80600081146116a9576040519150601f19603f3d011682016040523d82523d6000602084013e6116ae565b606091505b50915091508180156116c257506020815110155b8015611702575080517f1626ba7e00000000000000000000000000000000000000000000000000000000906117009083016020908101908401611d81565b145b9695505050505050565b61174582606083013561172560a0850160808601611b99565b60a085013560c0860135611740610100880160e08901611d9a565b610eeb565b5050565b600080600083516041036117835760208401516040850151606086015160001a61177588828585611796565b95509550955050505061178f565b50508151600091506002905b9250925092565b600080807f7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a08411156117d15750600091506003905082611886565b604080516000808252602082018084528a905260ff891692820192909252606081018790526080810186905260019060a0016020604051602081039080840390855afa158015611825573d6000803e3d6000fd5b50506040517fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0015191505073ffffffffffffffffffffffffffffffffffffffff811661187c57506000925060019150829050611886565b9250600091508190505b9450945094915050565b803573ffffffffffffffffffffffffffffffffffffffff811681146118b457600080fd5b919050565b803580151581146118b457600080fd5b60008060008060008060008060006101208a8c0312156118e857600080fd5b8935985060208a0135975060408a0135965061190660608b01611890565b955060808a0135945060a08a0135935061192260c08b016118b9565b925061193060e08b01611890565b91506101008a013564ffffffffff8116811461194b57600080fd5b809150509295985092959850929598565b600080600080600060a0868803121561197457600080fd5b61197d86611890565b97602087013597506040870135966060810135965060800135945092505050565b6000806000606084860312156119b357600080fd5b6119bc84611890565b92506119ca60208501611890565b929592945050506040919091013590565b600061014082840312156119ee57600080fd5b50919050565b60006101408284031215611a0757600080fd5b61065883836119db565b60008060006101608486031215611a2757600080fd5b611a3185856119db565b925061014084013567ffffffffffffffff811115611a4e57600080fd5b8401601f81018613611a5f57600080fd5b803567ffffffffffffffff811115611a7657600080fd5b866020828401011115611a8857600080fd5b939660209190910195509293505050565b60008060408385031215611aac57600080fd5b82359150611abc60208401611890565b90509250929050565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052602160045260246000fd5b6020810160038310611b2f577f4e487b7100000000000000000000000000000000000000000000000000000000600052602160045260246000fd5b91905290565b60008060408385031215611b4857600080fd5b50508035926020909101359150565b60008060008060808587031215611b6d57600080fd5b611b7685611890565b9350611b8460208601611890565b93969395505050506040820135916060013590565b600060208284031215611bab57600080fd5b61065882611890565b803567ffffffffffffffff811681146118b457600080fd5b611bf382611bd983611890565b73ffffffffffffffffffffffffffffffffffffffff169052565b611bff60208201611890565b73ffffffffffffffffffffffffffffffffffffffff1660208301526040818101359083015260608082013590830152611c3a60808201611890565b73ffffffffffffffffffffffffffffffffffffffff16608083015260a0818101359083015260c08082013590830152611c7560e082016118b9565b151560e08301526101008181013590830152611c946101208201611bb4565b67ffffffffffffffff8116610120840152505050565b61014081016109688284611bcc565b82815261016081016106586020830184611bcc565b600060208284031215611ce057600080fd5b61065882611bb4565b60005b83811015611d04578181015183820152602001611cec565b50506000910152565b8281526040602082015260008251806040840152611d32816060850160208701611ce9565b601f017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe016919091016060019392505050565b60008251611d77818460208701611ce9565b9190910192915050565b600060208284031215611d9357600080fd5b5051919050565b600060208284031215611dac57600080fd5b610658826118b956';
