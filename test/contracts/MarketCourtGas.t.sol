// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ProvenReading, ReadingStatus} from "../../contracts/IEnergyMarket.sol";
import {Judge} from "../../contracts/IMarketCourt.sol";
import {MarketDayJudge} from "../../contracts/MarketDayJudge.sol";
import {BalanceOpening, FillOpening, OrderGap, OrderOpening, RowOpening, TierOpening} from "../../contracts/MarketOpening.sol";
import {MarketOrderJudge} from "../../contracts/MarketOrderJudge.sol";
import {FillBeside, MarketSlotJudge} from "../../contracts/MarketSlotJudge.sol";
import {Acknowledgement, Balance, DayHeader, Fill, MarketTypes, OrderLeaf, Row, SlotHeader, Tier} from "../../contracts/MarketTypes.sol";
import {Target} from "../../contracts/MarketVerdict.sol";
import {CourtTree, Node} from "./CourtTree.sol";
import {CourtWorld} from "./CourtWorld.sol";

/// @notice What a challenge costs in a large market: 2^13 tiers a side, 2^10 orders in a tier, 2^14 orders in the set, 960,000 rows, 10,003 accounts. Siblings are
/// made up, and roots follow from them.
contract MarketCourtGasTest is CourtWorld {
    event TransactionGas(string what, uint256 gas);

    SlotHeader private _large;
    DayHeader private _largeDay;

    function setUp() public override {
        super.setUp();
        _large = _header;
        (_large.bidTiers, _large.askTiers, _large.orderCount) = (8191, 8191, 16_384);
        _largeDay = DayHeader(DAY, 960_000, 0, 10_003, 0);
    }

    function _siblings(uint8 kind, uint256 depth) private pure returns (bytes memory path) {
        for (uint256 i = 0; i < depth; ++i) {
            Node memory sibling = Node(keccak256(abi.encode("sibling", i)), 1 + i, 1);
            path = bytes.concat(path, CourtTree.record(kind, sibling));
        }
    }

    function _climb(uint8 kind, Node memory node, uint256 index, uint256 depth) private pure returns (bytes32) {
        for (uint256 i = 0; i < depth; ++i) {
            Node memory sibling = Node(keccak256(abi.encode("sibling", i)), 1 + i, 1);
            if (kind == CourtTree.PLAIN) (sibling.a, sibling.b) = (0, 0);
            if (kind == CourtTree.TIERS) sibling.b = 0;
            node = index >> i & 1 == 0 ? CourtTree.join(kind, node, sibling) : CourtTree.join(kind, sibling, node);
        }
        return node.hash;
    }

    /// @dev Two neighbours at the end of otherwise made-up paths.
    function _pair(uint8 kind, Node memory left, Node memory right, uint256 index, uint256 depth)
        private
        pure
        returns (bytes32 root, bytes memory leftPath, bytes memory rightPath)
    {
        bytes memory above;
        for (uint256 i = 1; i < depth; ++i) {
            Node memory sibling = Node(keccak256(abi.encode("sibling", i - 1)), i, 1);
            above = bytes.concat(above, CourtTree.record(kind, sibling));
        }
        root = _climb(kind, CourtTree.join(kind, left, right), index / 2, depth - 1);
        leftPath = bytes.concat(CourtTree.record(kind, right), above);
        rightPath = bytes.concat(CourtTree.record(kind, left), above);
    }

    function _commit() private {
        _market.setSlot(SLOT, MarketTypes.hash(_large));
        _market.setDay(DAY, MarketTypes.hash(_largeDay), uint64(block.timestamp), uint64(block.timestamp + 2 days));
    }

    function _measure(string memory what, Target target, Judge judge, bytes memory proof, bytes32 reason) private {
        uint64 number = target == Target.Day ? DAY : SLOT;
        bytes memory call = abi.encodeCall(_court.challenge, (target, number, judge, proof));
        vm.prank(CHALLENGER);
        uint256 before = gasleft();
        (bool done, bytes memory answer) = address(_court).call(call);
        uint256 used = before - gasleft();
        expect(done && abi.decode(answer, (bool)), what);
        expectBytes32(_market.lastReason(), reason, "reason");
        for (uint256 i = 0; i < call.length; ++i) {
            used += call[i] == 0 ? 4 : 16;
        }
        emit TransactionGas(what, used + 21_000);
    }

    function _largeTier(bytes32 ordersRoot, uint64 quantity) private returns (TierOpening memory opening) {
        Tier memory tier = Tier(180_000, quantity, ordersRoot);
        opening = TierOpening(BIDS, 4321, tier, _siblings(CourtTree.TIERS, 13));
        _large.bidRoot = _climb(CourtTree.TIERS, Node(MarketTypes.leaf(tier), quantity, 0), 4321, 13);
        _commit();
    }

    function test_gas_fill() external {
        Fill memory fill = Fill(9, "order", "meter", 100, 7);
        bytes32 root = _climb(CourtTree.FILLS, Node(MarketTypes.leaf(fill), 100, 7), 765, 10);
        FillOpening memory opening = FillOpening(_largeTier(root, 155), 765, fill, _siblings(CourtTree.FILLS, 10));
        _measure("fillWrong", Target.Slot, Judge.Slot, abi.encodeCall(MarketSlotJudge.fillWrong, (_large, opening)), "tier-fill");
    }

    function test_gas_tiers_unsorted() external {
        Tier memory left = Tier(180_000, 5, "a");
        Tier memory right = Tier(180_000, 6, "b");
        (bytes32 root, bytes memory leftPath, bytes memory rightPath) =
            _pair(CourtTree.TIERS, Node(MarketTypes.leaf(left), 5, 0), Node(MarketTypes.leaf(right), 6, 0), 4320, 13);
        _large.bidRoot = root;
        _commit();
        bytes memory call = abi.encodeCall(
            MarketSlotJudge.tiersUnsorted, (_large, TierOpening(BIDS, 4320, left, leftPath), TierOpening(BIDS, 4321, right, rightPath))
        );
        _measure("tiersUnsorted", Target.Slot, Judge.Slot, call, "tiers-unsorted");
    }

    function test_gas_order_omitted() external {
        (Acknowledgement memory word, bytes memory signature) = _acknowledge(2, SLOT * 900 - 301);
        OrderLeaf memory left = OrderLeaf(word.sequence - 1, "left", 0);
        OrderLeaf memory right = OrderLeaf(word.sequence + 1, "right", 0);
        (bytes32 root, bytes memory leftPath, bytes memory rightPath) =
            _pair(CourtTree.PLAIN, Node(MarketTypes.leaf(left), 0, 0), Node(MarketTypes.leaf(right), 0, 0), 5432, 14);
        _large.orderSetRoot = root;
        _commit();
        OrderGap memory gap = OrderGap(1, OrderOpening(left, 5432, leftPath), OrderOpening(right, 5433, rightPath));
        bytes memory call = abi.encodeCall(MarketOrderJudge.orderOmitted, (_large, _orders[2], word, signature, gap));
        _measure("orderOmitted", Target.Slot, Judge.Order, call, "order-omitted");
    }

    function _largeRow(uint256 i, int128 by) private returns (RowOpening memory opening) {
        Row memory row = _rows[_rowOf(i, SLOT)];
        row.netNano += by;
        opening = RowOpening(row, 654_321, _siblings(CourtTree.PLAIN, 20));
        _largeDay.rowsRoot = _climb(CourtTree.PLAIN, Node(MarketTypes.leaf(row), 0, 0), 654_321, 20);
        _commit();
    }

    function test_gas_row() external {
        RowOpening memory opening = _largeRow(2, 1);
        bytes memory call = abi.encodeCall(MarketDayJudge.rowWrong, (_largeDay, opening, _large));
        _measure("rowWrong", Target.Day, Judge.Day, call, "row-net");
    }

    function test_gas_reading() external {
        ProvenReading memory reading;
        (reading.status, reading.meteredWh, reading.acknowledged) = (ReadingStatus.Proven, 5, true);
        _market.setReading(SLOT, _meter(2), reading);
        bytes memory call = abi.encodeCall(MarketDayJudge.readingWrong, (_largeDay, _largeRow(2, 0)));
        _measure("readingWrong", Target.Day, Judge.Day, call, "reading");
    }

    function test_gas_contract() external {
        Fill memory fill = Fill(9, _set[2].orderHash, _meter(2), 100, 7);
        bytes32 root = _climb(CourtTree.FILLS, Node(MarketTypes.leaf(fill), 100, 7), 765, 10);
        FillOpening memory opening = FillOpening(_largeTier(root, 155), 765, fill, _siblings(CourtTree.FILLS, 10));
        bytes memory call = abi.encodeCall(MarketDayJudge.contractWrong, (_largeDay, _largeRow(2, 0), _large, opening));
        _measure("contractWrong", Target.Day, Judge.Day, call, "row-contract");
    }

    function test_gas_step() external {
        Row memory left = _rows[0];
        Row memory right = _rows[1];
        right.cumNano += 1;
        (bytes32 root, bytes memory leftPath, bytes memory rightPath) =
            _pair(CourtTree.PLAIN, Node(MarketTypes.leaf(left), 0, 0), Node(MarketTypes.leaf(right), 0, 0), 654_320, 20);
        _largeDay.rowsRoot = root;
        _commit();
        bytes memory call = abi.encodeCall(
            MarketDayJudge.stepWrong, (_largeDay, RowOpening(left, 654_320, leftPath), RowOpening(right, 654_321, rightPath))
        );
        _measure("stepWrong", Target.Day, Judge.Day, call, "cum-step");
    }

    function test_gas_insolvent() external {
        Balance memory balance = Balance(_trader(2), -1_000_001, 0, 96);
        _largeDay.balancesRoot = _climb(CourtTree.BALANCES, Node(MarketTypes.leaf(balance), 0, 1_000_001), 5432, 14);
        _commit();
        BalanceOpening memory opening = BalanceOpening(balance, 5432, _siblings(CourtTree.BALANCES, 14));
        _measure("insolvent", Target.Day, Judge.Day, abi.encodeCall(MarketDayJudge.insolvent, (_largeDay, opening)), "insolvent");
    }

    function test_gas_equivocation() external {
        bytes32 other = keccak256("other");
        bytes32 domain = _market.domainSeparator();
        bytes memory signature =
            _sign(OPERATOR_KEY, MarketTypes.digest(domain, MarketTypes.statementStructHash(_rules.market(), SLOT, other)));
        bytes memory call = abi.encodeCall(MarketSlotJudge.equivocation, (SLOT, other, signature, 0, ""));
        _measure("equivocation", Target.Operator, Judge.Slot, call, "equivocation");
    }
}
