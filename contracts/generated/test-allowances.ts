// The interface and creation code of test/contracts/TestAllowances.sol. Made by `npm run contracts`; do not edit.

export const testAllowancesAbi = [
	{
		inputs: [
			{internalType: 'address', name: 'spender', type: 'address'},
			{internalType: 'uint256', name: 'allowance', type: 'uint256'},
			{internalType: 'uint256', name: 'needed', type: 'uint256'},
			{internalType: 'uint256', name: 'id', type: 'uint256'},
		],
		name: 'ERC6909InsufficientAllowance',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'sender', type: 'address'},
			{internalType: 'uint256', name: 'balance', type: 'uint256'},
			{internalType: 'uint256', name: 'needed', type: 'uint256'},
			{internalType: 'uint256', name: 'id', type: 'uint256'},
		],
		name: 'ERC6909InsufficientBalance',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'approver', type: 'address'},
		],
		name: 'ERC6909InvalidApprover',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'receiver', type: 'address'},
		],
		name: 'ERC6909InvalidReceiver',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'sender', type: 'address'},
		],
		name: 'ERC6909InvalidSender',
		type: 'error',
	},
	{
		inputs: [
			{internalType: 'address', name: 'spender', type: 'address'},
		],
		name: 'ERC6909InvalidSpender',
		type: 'error',
	},
	{
		inputs: [],
		name: 'Stopped',
		type: 'error',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'owner', type: 'address'},
			{indexed: true, internalType: 'address', name: 'spender', type: 'address'},
			{indexed: true, internalType: 'uint256', name: 'id', type: 'uint256'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'Approval',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: true, internalType: 'address', name: 'owner', type: 'address'},
			{indexed: true, internalType: 'address', name: 'spender', type: 'address'},
			{indexed: false, internalType: 'bool', name: 'approved', type: 'bool'},
		],
		name: 'OperatorSet',
		type: 'event',
	},
	{
		anonymous: false,
		inputs: [
			{indexed: false, internalType: 'address', name: 'caller', type: 'address'},
			{indexed: true, internalType: 'address', name: 'sender', type: 'address'},
			{indexed: true, internalType: 'address', name: 'receiver', type: 'address'},
			{indexed: true, internalType: 'uint256', name: 'id', type: 'uint256'},
			{indexed: false, internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'Transfer',
		type: 'event',
	},
	{
		inputs: [
			{internalType: 'address', name: 'owner', type: 'address'},
			{internalType: 'address', name: 'spender', type: 'address'},
			{internalType: 'uint256', name: 'id', type: 'uint256'},
		],
		name: 'allowance',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'spender', type: 'address'},
			{internalType: 'uint256', name: 'id', type: 'uint256'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'approve',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'owner', type: 'address'},
			{internalType: 'uint256', name: 'id', type: 'uint256'},
		],
		name: 'balanceOf',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'feePerMille',
		outputs: [
			{internalType: 'uint256', name: '', type: 'uint256'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'owner', type: 'address'},
			{internalType: 'address', name: 'spender', type: 'address'},
		],
		name: 'isOperator',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [],
		name: 'isStopped',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'to', type: 'address'},
			{internalType: 'uint256', name: 'period', type: 'uint256'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'mint',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'spender', type: 'address'},
			{internalType: 'bool', name: 'approved', type: 'bool'},
		],
		name: 'setOperator',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bool', name: 'on', type: 'bool'},
		],
		name: 'stop',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'bytes4', name: 'interfaceId', type: 'bytes4'},
		],
		name: 'supportsInterface',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'view',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'uint256', name: 'perMille', type: 'uint256'},
		],
		name: 'takeFee',
		outputs: [],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'receiver', type: 'address'},
			{internalType: 'uint256', name: 'id', type: 'uint256'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'transfer',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
	{
		inputs: [
			{internalType: 'address', name: 'sender', type: 'address'},
			{internalType: 'address', name: 'receiver', type: 'address'},
			{internalType: 'uint256', name: 'id', type: 'uint256'},
			{internalType: 'uint256', name: 'amount', type: 'uint256'},
		],
		name: 'transferFrom',
		outputs: [
			{internalType: 'bool', name: '', type: 'bool'},
		],
		stateMutability: 'nonpayable',
		type: 'function',
	},
] as const;

export const testAllowancesBytecode = '0x6080604052348015600f57600080fd5b50610d848061001f6000396000f3fe608060405234801561001057600080fd5b50600436106100de5760003560e01c8063558a72971161008c578063b6363cf211610066578063b6363cf2146101e7578063c15a483f14610230578063f08e25811461026f578063fe99049a1461027857600080fd5b8063558a729714610174578063598af9e7146101875780635f7619a4146101d457600080fd5b8063156e29f6116100bd578063156e29f61461013f5780633f683b6a14610154578063426a84931461016157600080fd5b8062fdd58e146100e357806301ffc9a714610109578063095bcdb61461012c575b600080fd5b6100f66100f1366004610b2a565b61028b565b6040519081526020015b60405180910390f35b61011c610117366004610b54565b6102c1565b6040519015158152602001610100565b61011c61013a366004610b9d565b610358565b61015261014d366004610b9d565b610370565b005b60045461011c9060ff1681565b61011c61016f366004610b9d565b610380565b61011c610182366004610be0565b61038e565b6100f6610195366004610c13565b73ffffffffffffffffffffffffffffffffffffffff92831660009081526002602090815260408083209490951682529283528381209181529152205490565b6101526101e2366004610c50565b600355565b61011c6101f5366004610c69565b73ffffffffffffffffffffffffffffffffffffffff918216600090815260016020908152604080832093909416825291909152205460ff1690565b61015261023e366004610c93565b600480547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0016911515919091179055565b6100f660035481565b61011c610286366004610cae565b6103a4565b73ffffffffffffffffffffffffffffffffffffffff82166000908152602081815260408083208484529091529020545b92915050565b60007fffffffff0000000000000000000000000000000000000000000000000000000082167f0f632fb30000000000000000000000000000000000000000000000000000000014806102bb57507f01ffc9a7000000000000000000000000000000000000000000000000000000007fffffffff000000000000000000000000000000000000000000000000000000008316146102bb565b600061036633858585610429565b5060019392505050565b61037b8383836104e0565b505050565b60006103663385858561053d565b600061039b338484610658565b50600192915050565b60003373ffffffffffffffffffffffffffffffffffffffff86168114801590610400575073ffffffffffffffffffffffffffffffffffffffff80871660009081526001602090815260408083209385168352929052205460ff16155b156104115761041186828686610790565b61041d86868686610429565b50600195945050505050565b73ffffffffffffffffffffffffffffffffffffffff841661047e576040517fa4352080000000000000000000000000000000000000000000000000000000008152600060048201526024015b60405180910390fd5b73ffffffffffffffffffffffffffffffffffffffff83166104ce576040517fb8bbd61000000000000000000000000000000000000000000000000000000000815260006004820152602401610475565b6104da848484846108a1565b50505050565b73ffffffffffffffffffffffffffffffffffffffff8316610530576040517fb8bbd61000000000000000000000000000000000000000000000000000000000815260006004820152602401610475565b61037b60008484846108a1565b73ffffffffffffffffffffffffffffffffffffffff841661058d576040517fcc766a9800000000000000000000000000000000000000000000000000000000815260006004820152602401610475565b73ffffffffffffffffffffffffffffffffffffffff83166105dd576040517f6f65f46500000000000000000000000000000000000000000000000000000000815260006004820152602401610475565b73ffffffffffffffffffffffffffffffffffffffff84811660008181526002602090815260408083209488168084529482528083208784528252918290208590559051848152859392917fb3fd5071835887567a0671151121894ddccc2842f1d10bedad13e0d17cace9a7910160405180910390a450505050565b73ffffffffffffffffffffffffffffffffffffffff83166106a8576040517fcc766a9800000000000000000000000000000000000000000000000000000000815260006004820152602401610475565b73ffffffffffffffffffffffffffffffffffffffff82166106f8576040517f6f65f46500000000000000000000000000000000000000000000000000000000815260006004820152602401610475565b73ffffffffffffffffffffffffffffffffffffffff83811660008181526001602090815260408083209487168084529482529182902080547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff001686151590811790915591519182527fceb576d9f15e4e200fdb5096d64d5dfd667e16def20c1eefd14256d8e3faa267910160405180910390a3505050565b73ffffffffffffffffffffffffffffffffffffffff84811660009081526002602090815260408083209387168352928152828220858352905220547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff81101561089a578181101561085a576040517f58a3fd5a00000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff85166004820152602481018290526044810183905260648101849052608401610475565b73ffffffffffffffffffffffffffffffffffffffff8086166000908152600260209081526040808320938816835292815282822086835290522082820390555b5050505050565b60045460ff16156108de576040517f7acc84e300000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b6108ea84848484610958565b73ffffffffffffffffffffffffffffffffffffffff841615801590610924575073ffffffffffffffffffffffffffffffffffffffff831615155b8015610931575060035415155b156104da576104da836000846103e86003548661094e9190610d1f565b6109589190610d36565b3373ffffffffffffffffffffffffffffffffffffffff851615610a405773ffffffffffffffffffffffffffffffffffffffff851660009081526020818152604080832086845290915290205482811015610a0b576040517fb1b4fec000000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff87166004820152602481018290526044810184905260648101859052608401610475565b73ffffffffffffffffffffffffffffffffffffffff861660009081526020818152604080832087845290915290209083900390555b73ffffffffffffffffffffffffffffffffffffffff841615610aa05773ffffffffffffffffffffffffffffffffffffffff841660009081526020818152604080832086845290915281208054849290610a9a908490610d71565b90915550505b6040805173ffffffffffffffffffffffffffffffffffffffff838116825260208201859052859281881692918916917f1b3d7edb2e9c0b0e7c525b20aaaef0f5940d2ed71663c7d39266ecafac728859910160405180910390a45050505050565b803573ffffffffffffffffffffffffffffffffffffffff81168114610b2557600080fd5b919050565b60008060408385031215610b3d57600080fd5b610b4683610b01565b946020939093013593505050565b600060208284031215610b6657600080fd5b81357fffffffff0000000000000000000000000000000000000000000000000000000081168114610b9657600080fd5b9392505050565b600080600060608486031215610bb257600080fd5b610bbb84610b01565b95602085013595506040909401359392505050565b80358015158114610b2557600080fd5b60008060408385031215610bf357600080fd5b610bfc83610b01565b9150610c0a60208401610bd0565b90509250929050565b600080600060608486031215610c2857600080fd5b610c3184610b01565b9250610c3f60208501610b01565b929592945050506040919091013590565b600060208284031215610c6257600080fd5b5035919050565b60008060408385031215610c7c57600080fd5b610c8583610b01565b9150610c0a60208401610b01565b600060208284031215610ca557600080fd5b610b9682610bd0565b60008060008060808587031215610cc457600080fd5b610ccd85610b01565b9350610cdb60208601610b01565b93969395505050506040820135916060013590565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052601160045260246000fd5b80820281158282048414176102bb576102bb610cf0565b600082610d6c577f4e487b7100000000000000000000000000000000000000000000000000000000600052601260045260246000fd5b500490565b808201808211156102bb576102bb610cf056';
