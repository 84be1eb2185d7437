// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    Balance,
    BalancesOpening,
    Certificate,
    DayHeader,
    MarketTypes,
    SideCertificate,
    SlotHeader,
    Tier
} from "../../contracts/MarketTypes.sol";
import {MarketTree} from "./MarketTree.sol";
import {MarketWorld} from "./MarketWorld.sol";
import {SparseTree} from "./SparseTree.sol";
import {TestToken} from "./TestToken.sol";

/// @notice What posting and claiming cost as whole transactions: 21,000, calldata, and the call with nothing warm. [EIP-2028, EIP-2929]
contract MarketGasTest is MarketWorld, SparseTree {
    uint256 private constant HOMES = 10_000;
    address private constant SELLER = address(0x5e11e4);

    function setUp() external {
        _build(address(new TestToken()));
        _fundBond();
        vm.warp(START);
        // So that the first posting finds what every later one finds.
        _postSlot(FIRST_SLOT);
    }

    function _gasOf(address sender, bytes memory input) private returns (uint256 used) {
        used = 21_000;
        for (uint256 i = 0; i < input.length; ++i) {
            used += input[i] == 0 ? 4 : 16;
        }
        vm.cool(address(_market));
        vm.cool(address(_rules));
        vm.cool(address(_token));
        vm.prank(sender);
        uint256 before = gasleft();
        (bool done, bytes memory answer) = address(_market).call(input);
        used += before - gasleft();
        // The address that a transaction is sent to is warm.
        used -= 2600 - 100;
        expect(done, string(answer));
    }

    // ---- slots ----

    /// @dev The worst case of a side: its margin is between two tiers, whose paths meet only in the middle of the tree.
    function _side(uint256 tiers, bool isBids, uint64 price, uint64 nextPrice) private pure returns (bytes32, SideCertificate memory side) {
        Sparse memory tree;
        tree.kind = MarketTree.TIER;
        tree.count = tiers + 1;
        Tier memory usual = Tier(isBids ? 200_000 : 100_000, 1000, keccak256("usual"));
        side.index = uint32(tiers / 2 - 1);
        side.last = Tier(price, 1000, keccak256("last"));
        side.next = Tier(nextPrice, 1000, keccak256("next"));
        MarketTree.Node memory node = MarketTree.Node(MarketTypes.leaf(usual), 1000, 0);
        tree.usual = [node, node];
        tree.pad = MarketTree.Node(MarketTypes.leaf(MarketTree.sentinelOf(isBids)), 0, 0);
        tree.places = new uint256[](3);
        tree.own = new MarketTree.Node[](3);
        (tree.places[0], tree.places[1], tree.places[2]) = (side.index, side.index + 1, tiers);
        tree.own[0] = MarketTree.Node(MarketTypes.leaf(side.last), 1000, 0);
        tree.own[1] = MarketTree.Node(MarketTypes.leaf(side.next), 1000, 0);
        tree.own[2] = tree.pad;
        _prepare(tree);
        side.lastPath = _pathOf(tree, side.index);
        side.nextPath = _pathOf(tree, side.index + 1);
        return (_rootOf(tree).hash, side);
    }

    function _postingOf(uint256 tiers) private returns (uint256) {
        SlotHeader memory header;
        Certificate memory certificate;
        header.slot = FIRST_SLOT + 1;
        header.paramsVersion = 1;
        header.mode = MarketTypes.FORWARD;
        header.orderCount = 20_000;
        header.orderSetRoot = keccak256("orders");
        header.bidTiers = uint32(tiers);
        header.askTiers = uint32(tiers);
        (header.bidRoot, certificate.bids) = _side(tiers, true, 200_000, 150_000);
        (header.askRoot, certificate.asks) = _side(tiers, false, 100_000, 190_000);
        header.volumeWh = uint64(tiers / 2) * 1000;
        (header.priceBuy, header.priceSell) = (170_000, 170_000);
        vm.warp(START + 900);
        return _gasOf(OPERATOR, abi.encodeCall(_market.postSlot, (header, certificate)));
    }

    function _expectPosting(uint256 tiers, uint256 most) private {
        uint256 used = _postingOf(tiers);
        expect(used <= most, vm.toString(used));
    }

    function test_posting_128_tiers_a_side() external {
        _expectPosting(1 << 7, 130_000);
    }

    function test_posting_1024_tiers_a_side() external {
        _expectPosting(1 << 10, 142_000);
    }

    function test_posting_4096_tiers_a_side() external {
        _expectPosting(1 << 12, 152_000);
    }

    function test_posting_8192_tiers_a_side_costs_less_than_180000() external {
        _expectPosting(1 << 13, 156_000);
    }

    function test_posting_16384_tiers_a_side_costs_less_than_10000_more() external {
        _expectPosting(1 << 14, 162_000);
    }

    // ---- days and claims ----

    function _claimOf(bool hasDeposit, bool isAgain) private returns (uint256) {
        Sparse memory tree;
        tree.kind = MarketTree.BALANCE;
        tree.count = HOMES;
        uint256 amount = 41_237_500_000;
        tree.usual[0] = MarketTree.Node(keccak256("credit"), amount, 0);
        tree.usual[1] = MarketTree.Node(keccak256("debit"), 0, amount);
        Balance memory seller = Balance(SELLER, 76_123_456_789, 480_000, 96);
        tree.places = new uint256[](2);
        tree.own = new MarketTree.Node[](2);
        (tree.places[0], tree.places[1]) = (5000, 5001);
        tree.own[0] = MarketTree.Node(MarketTypes.leaf(seller), uint128(seller.cumNano), 0);
        tree.own[1] = MarketTree.Node(keccak256("buyer"), 0, uint128(seller.cumNano));
        _prepare(tree);
        DayHeader memory header = DayHeader(FIRST_DAY, 960_000, keccak256("rows"), uint32(HOMES), _rootOf(tree).hash);
        MarketTree.Node memory left = _nodeOf(tree, tree.depth - 1, 0);
        MarketTree.Node memory right = _nodeOf(tree, tree.depth - 1, 1 << (tree.depth - 1));
        BalancesOpening memory opening =
            BalancesOpening(left.hash, uint128(left.first), uint128(left.second), right.hash, uint128(right.first), uint128(right.second));
        vm.warp(START + 2 days);
        uint256 posting = _gasOf(OPERATOR, abi.encodeCall(_market.postDay, (header, opening)));
        if (isAgain) return posting;

        _deposit(address(0xb0b), 1_000_000e6);
        if (hasDeposit) _deposit(SELLER, 1e6);
        vm.warp(START + 2 days + CHALLENGE);
        return _gasOf(SELLER, abi.encodeCall(_market.claim, (header, seller, 5000, _pathOf(tree, 5000))));
    }

    function test_posting_a_day() external {
        uint256 used = _claimOf(false, true);
        expect(used <= 90_000, vm.toString(used));
    }

    function test_a_first_claim_with_a_deposit_costs_less_than_95000() external {
        uint256 used = _claimOf(true, false);
        expect(used <= 95_000, vm.toString(used));
    }

    /// @dev Dearer by the word that its account takes: whoever is liable for anything has a deposit, and with it that word.
    function test_a_first_claim_of_an_account_that_never_had_anything() external {
        uint256 used = _claimOf(false, false);
        expect(used <= 113_000, vm.toString(used));
    }
}
