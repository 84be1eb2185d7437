// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ProvenReading, ReadingStatus} from "../../contracts/IEnergyMarket.sol";
import {Judge} from "../../contracts/IMarketCourt.sol";
import {Tenure} from "../../contracts/IMarketRules.sol";
import {BalanceNode, DayBefore, MarketDayJudge} from "../../contracts/MarketDayJudge.sol";
import {BalanceGap, FillOpening, RowGap, RowOpening} from "../../contracts/MarketOpening.sol";
import {MarketSettlement} from "../../contracts/MarketSettlement.sol";
import {Balance, DayHeader, MarketTypes, Row, SlotHeader} from "../../contracts/MarketTypes.sol";
import {Target} from "../../contracts/MarketVerdict.sol";
import {CourtTree, Node} from "./CourtTree.sol";
import {CourtWorld} from "./CourtWorld.sol";

/// @notice Wrongs in a day's rows and balances. Proofs about an honest day lose their stake.
contract MarketCourtDayTest is CourtWorld {
    function _convicts(bytes memory call, bytes32 reason) private {
        _wins(Target.Day, Judge.Day, call, reason, true);
    }

    function _acquits(bytes memory call) private {
        _loses(Target.Day, Judge.Day, call, true);
    }

    function _rejects(bytes memory call) private {
        _loses(Target.Day, Judge.Day, call, false);
    }

    function _noHeader() private pure returns (SlotHeader memory header) {}

    function _rowWrong(uint256 index) private view returns (bytes memory) {
        SlotHeader memory header;
        if (_rows[index].slot == SLOT) header = _header;
        return abi.encodeCall(MarketDayJudge.rowWrong, (_day, _openRow(index), header));
    }

    // ---- rows ----

    function test_an_honest_row_is_not_wrong() external {
        for (uint256 i = 0; i < _rows.length; ++i) {
            _acquits(_rowWrong(i));
        }
    }

    function test_the_worked_example_comes_to_what_was_agreed() external view {
        int128[5] memory nets = [int128(76_000_000), 94_800_000, -176_000_000, -103_500_000, -38_500_000];
        for (uint256 i = 0; i < 5; ++i) {
            expectInt(_rows[_rowOf(i, SLOT)].netNano, nets[i], "net");
        }
    }

    function test_attack_false_row_money_that_is_not_what_contract_and_reading_come_to_is_wrong(int64 by) external {
        uint256 row = _rowOf(2, SLOT);
        _rows[row].netNano += by;
        _postDays();
        if (by == 0) _acquits(_rowWrong(row));
        else _convicts(_rowWrong(row), "row-net");
    }

    /// @dev Whatever is contracted and metered: the court and the day's maker come to the same, and to nothing else.
    function test_rows_of_any_size_are_recomputed(int64 contracted, int64 metered, bool isCheated) external {
        uint256 row = _rowOf(0, SLOT);
        contracted = contracted % 1e12;
        metered = metered % 1e12;
        _rows[row].contractedWh = contracted;
        _rows[row].meteredWh = metered;
        _rows[row].netNano =
            int128(MarketSettlement.net(contracted, metered, 180_000, 180_000, _params)) + (isCheated ? int128(1) : int128(0));
        _postDays();
        if (isCheated) _convicts(_rowWrong(row), "row-net");
        else _acquits(_rowWrong(row));
    }

    function test_a_row_of_another_owner_than_the_meters_is_wrong() external {
        _rules.setTenure(_meter(0), Tenure(_trader(1), 1, 5000, 5000));
        _convicts(_rowWrong(_rowOf(0, SLOT)), "row-owner");
    }

    function test_a_row_of_another_day_is_wrong() external {
        uint256 row = _rowOf(0, SLOT);
        _rows[row].slot = SLOT - 96;
        _postDays();
        _convicts(_rowWrong(row), "row-day");
    }

    function test_a_contract_without_an_order_is_wrong() external {
        uint256 row = _rowOf(0, SLOT);
        _rows[row].orderHash = 0;
        _postDays();
        _convicts(_rowWrong(row), "row-order");
    }

    function test_a_contract_in_a_slot_without_a_market_is_wrong() external {
        uint256 row = _rowOf(0, SLOT + 1);
        _rows[row].contractedWh = 5;
        _rows[row].orderHash = _set[0].orderHash;
        _postDays();
        _convicts(_rowWrong(row), "row-without-market");
    }

    function test_attack_withheld_reading_a_substitution_that_is_not_the_missing_rule_is_wrong() external {
        uint256 row = _rowOf(0, SLOT);
        _rows[row].flags = MarketTypes.ROW_SUBSTITUTED;
        _rows[row].meteredWh = 1;
        _postDays();
        _convicts(_rowWrong(row), "row-substituted");
    }

    function test_a_buyer_without_a_reading_took_the_most_that_is_known_of_him() external {
        uint256 row = _rowOf(4, SLOT);
        _rows[row].flags = MarketTypes.ROW_SUBSTITUTED;
        _postDays();
        _acquits(_rowWrong(row));
        _rows[row].usualImportWh = 176;
        _postDays();
        _convicts(_rowWrong(row), "row-substituted");
    }

    function test_the_header_of_the_slot_must_be_the_one_that_stands() external {
        uint256 row = _rowOf(0, SLOT);
        SlotHeader memory other = _header;
        other.priceSell += 1;
        _rejects(abi.encodeCall(MarketDayJudge.rowWrong, (_day, _openRow(row), other)));
        _rejects(abi.encodeCall(MarketDayJudge.rowWrong, (_day, _openRow(row), _noHeader())));
    }

    function _contractWrong(uint256 i, FillOpening memory fill) private view returns (bytes memory) {
        return abi.encodeCall(MarketDayJudge.contractWrong, (_day, _openRow(_rowOf(i, SLOT)), _header, fill));
    }

    function test_attack_bad_clearing_a_row_that_is_not_contracted_for_its_fill_is_wrong(int64 contracted) external {
        _rows[_rowOf(3, SLOT)].contractedWh = contracted;
        _postDays();
        if (contracted == -525) _acquits(_contractWrong(3, _openFill(BIDS, 1, 0)));
        else _convicts(_contractWrong(3, _openFill(BIDS, 1, 0)), "row-contract");
    }

    function test_a_filled_order_that_its_row_does_not_name_is_seen() external {
        _acquits(_contractWrong(0, _openFill(ASKS, 0, 0)));
        _rows[_rowOf(0, SLOT)].orderHash = keccak256("another");
        _postDays();
        _convicts(_contractWrong(0, _openFill(ASKS, 0, 0)), "row-contract");
    }

    function test_a_fill_of_another_meter_says_nothing_of_a_row() external {
        _rejects(_contractWrong(0, _openFill(BIDS, 1, 0)));
    }

    /// @dev Takes the rows of household i out, and gives the gap where the one of the traded slot was.
    function _dropRows(uint256 i) private returns (RowGap memory gap) {
        uint256 at_ = _rowOf(i, SLOT);
        for (uint256 j = at_; j + 2 < _rows.length; ++j) {
            _rows[j] = _rows[j + 2];
        }
        _rows.pop();
        _rows.pop();
        _postDays();
        if (at_ > 0) gap.left = _openRow(at_ - 1);
        if (at_ < _rows.length) gap.right = _openRow(at_);
        gap.place = at_ == 0 ? 2 : at_ == _rows.length ? 3 : 1;
    }

    function test_attack_false_row_a_missing_row_of_any_filled_order_is_seen(uint256 i) external {
        i = between(i, 0, 4);
        RowGap memory gap = _dropRows(i);
        FillOpening memory fill = i < 2 ? _openFill(ASKS, i, 0) : i == 2 ? _openFill(BIDS, 0, 0) : _openFill(BIDS, 1, i - 3);
        _convicts(abi.encodeCall(MarketDayJudge.rowMissing, (_day, _header, fill, gap)), "row-missing");
    }

    function test_a_row_that_is_there_is_not_missing(uint256 left, uint256 right, uint8 place) external {
        left = between(left, 0, 9);
        right = between(right, 0, 9);
        RowGap memory gap = RowGap(place % 6, _openRow(left), _openRow(right));
        _rejects(abi.encodeCall(MarketDayJudge.rowMissing, (_day, _header, _openFill(ASKS, 0, 0), gap)));
    }

    function test_a_missing_row_of_a_reading_that_was_shown_is_seen() external {
        _reading(0, SLOT, 600, true);
        RowGap memory gap = _dropRows(0);
        _convicts(abi.encodeCall(MarketDayJudge.rowMissingForReading, (_day, SLOT, _meter(0), gap)), "row-missing");
    }

    function test_a_missing_row_of_a_reading_that_the_operator_never_had_spares_the_bond() external {
        _reading(0, SLOT, 600, false);
        RowGap memory gap = _dropRows(0);
        bytes memory call = abi.encodeCall(MarketDayJudge.rowMissingForReading, (_day, SLOT, _meter(0), gap));
        _wins(Target.Day, Judge.Day, call, "row-missing", false);
    }

    function test_rows_come_by_account_slot_and_meter() external {
        bytes memory call = abi.encodeCall(MarketDayJudge.rowsUnsorted, (_day, _openRow(2), _openRow(3)));
        _acquits(call);
        _rows[3].slot = _rows[2].slot;
        _postDays();
        _convicts(abi.encodeCall(MarketDayJudge.rowsUnsorted, (_day, _openRow(2), _openRow(3))), "rows-unsorted");
    }

    // ---- adjustments ----

    /// @dev Posts the day before with the row as it was booked, and this day with an adjustment of it.
    function _adjust(int64 booked, int64 corrected, int128 net) private returns (bytes memory) {
        uint64 slot = SLOT - 96;
        Row memory row;
        row.account = _trader(0);
        row.slot = slot;
        row.meter = _meter(0);
        row.meteredWh = booked;
        row.netNano = int128(MarketSettlement.net(0, booked, 0, 0, _params));
        row.cumNano = 5_000_000;
        _dayBefore.rowCount = 1;
        _dayBefore.rowsRoot = MarketTypes.leaf(row);
        Row memory adjusted = row;
        RowOpening memory opening = RowOpening(abi.decode(abi.encode(row), (Row)), 0, "");
        adjusted.meteredWh = corrected;
        adjusted.flags = MarketTypes.ROW_ADJUSTED;
        adjusted.netNano = net;
        uint256 first = 0;
        while (_rows[first].account != _trader(0)) ++first;
        _rows[first] = adjusted;
        _postDays();
        return abi.encodeCall(MarketDayJudge.adjustmentWrong, (_day, _openRow(first), _dayBefore, opening, _noHeader()));
    }

    function test_an_adjustment_comes_to_the_difference() external {
        _acquits(_adjust(0, 600, 48_000_000));
        _convicts(_adjust(0, 600, 48_000_001), "adjusted-net");
    }

    function test_an_adjustment_of_a_buyer_comes_to_the_difference() external {
        _acquits(_adjust(-175, -300, -37_500_000));
    }

    function test_an_adjustment_of_this_day_is_wrong() external {
        uint256 row = _rowOf(0, SLOT);
        _rows[row].flags = MarketTypes.ROW_ADJUSTED;
        _postDays();
        _convicts(_rowWrong(row), "row-day");
    }

    // ---- readings ----

    function _reading(uint256 i, uint64 slot, int64 wh, bool acknowledged) private {
        _market.setReading(
            slot,
            _meter(i),
            ProvenReading({
                status: ReadingStatus.Proven,
                acknowledged: acknowledged,
                recordedAt: uint64(block.timestamp),
                meteredWh: wh,
                importFrom: 100,
                importTo: 115,
                exportFrom: 200,
                exportTo: 215
            })
        );
    }

    function _readingWrong(uint256 i) private view returns (bytes memory) {
        return abi.encodeCall(MarketDayJudge.readingWrong, (_day, _openRow(_rowOf(i, SLOT))));
    }

    function test_attack_altered_reading_a_row_that_contradicts_a_reading_in_the_operators_log_falls_with_the_bond() external {
        _reading(0, SLOT, 600, true);
        _acquits(_readingWrong(0));
        _reading(0, SLOT, 1000, true);
        _convicts(_readingWrong(0), "reading");
    }

    function test_a_reading_that_the_operator_never_had_corrects_the_row_and_spares_the_bond() external {
        _reading(0, SLOT, 1000, false);
        _wins(Target.Day, Judge.Day, _readingWrong(0), "reading", false);
    }

    function test_a_row_that_claims_a_lower_crossing_stands_until_it_could_be_shown() external {
        _rows[_rowOf(0, SLOT)].importTo = 114;
        _postDays();
        _reading(0, SLOT, 1000, true);
        _rejects(_readingWrong(0));
        vm.warp(block.timestamp + 24 hours);
        _convicts(_readingWrong(0), "reading");
    }

    function test_attack_withheld_reading_a_substitution_beside_a_reading_in_time_falls_with_the_bond() external {
        uint256 row = _rowOf(4, SLOT);
        _rows[row].flags = MarketTypes.ROW_SUBSTITUTED;
        _postDays();
        _reading(4, SLOT, -300, true);
        _convicts(_readingWrong(4), "reading");
    }

    function _lateReading(uint8 flags) private {
        _rows[_rowOf(4, SLOT)].flags = flags;
        _postDays();
        _reading(4, SLOT, -300, true);
        // The court wrote down when the entries were anchored.
        bytes32 outer = keccak256(abi.encode(SLOT, uint256(1)));
        bytes32 place = keccak256(abi.encode(_meter(4), outer));
        Store(address(vm)).store(address(_court), place, bytes32(uint256(SLOT + 1) * 900 + 24 hours + 1));
        expectUint(_court.anchoredAt(SLOT, _meter(4)), uint256(SLOT + 1) * 900 + 24 hours + 1, "anchored at");
    }

    function test_a_substitution_is_no_fault_if_the_reading_came_after_the_deadline() external {
        _lateReading(MarketTypes.ROW_SUBSTITUTED);
        _wins(Target.Day, Judge.Day, _readingWrong(4), "reading", false);
    }

    function test_energy_that_was_spread_is_no_fault_if_the_reading_came_after_the_deadline() external {
        _lateReading(MarketTypes.ROW_SPREAD);
        _wins(Target.Day, Judge.Day, _readingWrong(4), "reading", false);
    }

    function test_a_row_that_claims_a_reading_of_its_own_is_a_fault_whenever_the_true_one_came() external {
        _lateReading(0);
        _wins(Target.Day, Judge.Day, _readingWrong(4), "reading", true);
    }

    function test_a_reading_that_was_demanded_and_not_shown_is_missing() external {
        ProvenReading memory reading;
        reading.status = ReadingStatus.Missing;
        _market.setReading(SLOT, _meter(0), reading);
        _wins(Target.Day, Judge.Day, _readingWrong(0), "reading-missing", false);
    }

    function test_a_row_by_the_missing_rule_stands_where_nothing_was_shown() external {
        uint256 row = _rowOf(4, SLOT);
        _rows[row].flags = MarketTypes.ROW_SUBSTITUTED;
        _postDays();
        ProvenReading memory reading;
        reading.status = ReadingStatus.Missing;
        _market.setReading(SLOT, _meter(4), reading);
        _acquits(_readingWrong(4));
        _rejects(_readingWrong(0));
    }

    // ---- balances ----

    function _stepWrong(uint256 index) private view returns (bytes memory) {
        return abi.encodeCall(MarketDayJudge.stepWrong, (_day, _openRow(index), _openRow(index + 1)));
    }

    function test_a_balance_that_does_not_run_through_the_rows_is_wrong(int64 by) external {
        _rows[1].cumNano += by;
        _postDays();
        if (by == 0) _acquits(_stepWrong(0));
        else _convicts(_stepWrong(0), "cum-step");
    }

    function test_rows_of_two_accounts_are_no_step() external {
        _rejects(_stepWrong(1));
        _rejects(abi.encodeCall(MarketDayJudge.stepWrong, (_day, _openRow(1), _openRow(0))));
        _rejects(abi.encodeCall(MarketDayJudge.stepWrong, (_day, _openRow(0), _openRow(0))));
    }

    function _before(address account) private view returns (DayBefore memory before) {
        before.header = _dayBefore;
        uint256 place = 0;
        while (place < _balancesBefore.length && _balancesBefore[place].account != account) ++place;
        if (place < _balancesBefore.length) {
            before.balance = _openBalanceBefore(place);
            return before;
        }
        before.isAbsent = true;
        place = 0;
        while (place < _balancesBefore.length && _balancesBefore[place].account < account) ++place;
        if (place > 0) before.gap.left = _openBalanceBefore(place - 1);
        if (place < _balancesBefore.length) before.gap.right = _openBalanceBefore(place);
        before.gap.place = place == 0 ? 2 : place == _balancesBefore.length ? 3 : 1;
    }

    function _firstStepWrong(uint256 index) private view returns (bytes memory) {
        address account = _rows[index].account;
        return abi.encodeCall(MarketDayJudge.firstStepWrong, (_day, _openRow(index), _openBalance(_balanceOf(account)), _before(account)));
    }

    function test_the_first_row_begins_with_the_balance_of_the_day_before() external {
        _acquits(_firstStepWrong(0));
        _rows[0].cumNano += 1;
        _postDays();
        _convicts(_firstStepWrong(0), "cum-first");
    }

    function test_the_first_row_of_a_new_account_begins_with_nothing() external {
        // The account of the first rows was not there the day before.
        for (uint256 i = 3; i + 1 < _balancesBefore.length; ++i) {
            _balancesBefore[i] = _balancesBefore[i + 1];
        }
        _balancesBefore.pop();
        _postDays();
        _convicts(_firstStepWrong(0), "cum-first");
    }

    function test_a_new_account_that_begins_with_nothing_is_right() external {
        for (uint256 i = 3; i + 1 < _balancesBefore.length; ++i) {
            _balancesBefore[i] = _balancesBefore[i + 1];
        }
        _balancesBefore.pop();
        _rows[0].cumNano -= 5_000_000;
        _postDays();
        _acquits(_firstStepWrong(0));
    }

    function test_a_row_that_is_not_the_first_shows_nothing_of_the_day_before() external {
        _rejects(_firstStepWrong(1));
    }

    function _balanceWrong(uint256 balance, uint256 row) private view returns (bytes memory) {
        return abi.encodeCall(MarketDayJudge.balanceWrong, (_day, _openBalance(balance), _openRow(row)));
    }

    function test_an_honest_balance_points_at_its_own_rows() external {
        for (uint256 i = 0; i < 10; i += 3) {
            _acquits(_balanceWrong(3, i));
            _acquits(_balanceWrong(7, i));
        }
    }

    function test_a_balance_that_is_not_that_of_its_last_row_is_wrong() external {
        _balances[3].cumNano += 1;
        _postDays();
        _convicts(_balanceWrong(3, 1), "balance-last");
    }

    function test_a_balance_that_leaves_out_a_row_is_wrong() external {
        _balances[3].rowCount = 1;
        _postDays();
        _convicts(_balanceWrong(3, 1), "balance-rows");
    }

    function test_a_balance_that_takes_the_row_of_another_account_is_wrong() external {
        _balances[3].rowCount = 3;
        _postDays();
        _convicts(_balanceWrong(3, 2), "balance-rows");
    }

    function test_a_balance_with_more_rows_than_there_are_is_wrong() external {
        _balances[7].rowCount = 3;
        _postDays();
        _convicts(_balanceWrong(7, 0), "balance-range");
    }

    function _carriedWrong(address account) private view returns (bytes memory) {
        return abi.encodeCall(MarketDayJudge.carriedWrong, (_day, _openBalance(_balanceOf(account)), _before(account)));
    }

    function test_an_account_without_rows_keeps_its_balance() external {
        address quiet = address(type(uint160).max);
        _balances.push(Balance(quiet, 7, 0, 0));
        _balancesBefore.push(Balance(quiet, 7, 0, 0));
        _postDays();
        _acquits(_carriedWrong(quiet));
        _balances[8].cumNano = 8;
        _postDays();
        _convicts(_carriedWrong(quiet), "balance-carried");
    }

    function test_a_new_account_without_rows_has_nothing() external {
        address quiet = address(type(uint160).max);
        _balances.push(Balance(quiet, 0, 0, 0));
        _postDays();
        _acquits(_carriedWrong(quiet));
        _balances[8].cumNano = 8;
        _postDays();
        _convicts(_carriedWrong(quiet), "balance-carried");
    }

    function test_counter_accounts_change_without_rows() external {
        _rejects(_carriedWrong(GRID));
        _rejects(_carriedWrong(RETAILER));
        _rejects(_carriedWrong(POOL));
    }

    function test_an_account_that_is_dropped_is_seen() external {
        address account = _balances[4].account;
        BalanceGap memory gap = BalanceGap(1, _openBalance(3), _openBalance(4));
        _rejects(abi.encodeCall(MarketDayJudge.balanceDropped, (_day, gap, _before(account))));
        for (uint256 i = 4; i + 1 < _balances.length; ++i) {
            _balances[i] = _balances[i + 1];
        }
        _balances.pop();
        _postDays();
        gap = BalanceGap(1, _openBalance(3), _openBalance(4));
        _convicts(abi.encodeCall(MarketDayJudge.balanceDropped, (_day, gap, _before(account))), "balance-dropped");
    }

    function test_balances_come_by_account() external {
        _acquits(abi.encodeCall(MarketDayJudge.balancesUnsorted, (_day, _openBalance(3), _openBalance(4))));
        _balances[4].account = _balances[3].account;
        _postDays();
        _convicts(abi.encodeCall(MarketDayJudge.balancesUnsorted, (_day, _openBalance(3), _openBalance(4))), "balances-unsorted");
    }

    function test_a_node_of_balances_that_claims_other_sums_than_its_children_is_wrong() external {
        Node[] memory leaves = CourtTree.padded(_balanceNodes(_balances), _noNode());
        BalanceNode memory node;
        (node.left, node.leftCredit, node.leftDebit) = (leaves[2].hash, uint128(leaves[2].a), uint128(leaves[2].b));
        (node.right, node.rightCredit, node.rightDebit) = (leaves[3].hash, uint128(leaves[3].a), uint128(leaves[3].b));
        (node.level, node.index) = (1, 1);
        Node[] memory level = CourtTree.above(CourtTree.BALANCES, leaves);
        bytes memory path = CourtTree.path(CourtTree.BALANCES, level, _noNode(), 1);
        _acquits(abi.encodeCall(MarketDayJudge.sumWrong, (_day, node, uint128(level[1].a), uint128(level[1].b), path)));
        level[1].a += 1;
        _day.balancesRoot = CourtTree.root(CourtTree.BALANCES, level, _noNode()).hash;
        _commitDay();
        path = CourtTree.path(CourtTree.BALANCES, level, _noNode(), 1);
        _convicts(abi.encodeCall(MarketDayJudge.sumWrong, (_day, node, uint128(level[1].a), uint128(level[1].b), path)), "balance-sum");
    }

    function test_a_balance_that_counts_for_another_sum_is_wrong() external {
        Node[] memory leaves = _balanceNodes(_balances);
        _acquits(abi.encodeCall(MarketDayJudge.leafSumWrong, (_day, _openBalance(3), uint128(leaves[3].a), uint128(leaves[3].b))));
        leaves[3].a += 1;
        _day.balancesRoot = CourtTree.root(CourtTree.BALANCES, leaves, _noNode()).hash;
        _commitDay();
        bytes memory path = CourtTree.path(CourtTree.BALANCES, leaves, _noNode(), 3);
        _convicts(
            abi.encodeWithSelector(
                MarketDayJudge.leafSumWrong.selector, _day, _pathed(3, path), uint128(leaves[3].a), uint128(leaves[3].b)
            ),
            "balance-sum"
        );
    }

    function _pathed(uint256 index, bytes memory path) private view returns (Opening memory) {
        return Opening(_balances[index], uint32(index), path);
    }

    struct Opening {
        Balance balance;
        uint32 index;
        bytes path;
    }

    // ---- solvency ----

    function _insolvent(uint256 i) private view returns (bytes memory) {
        return abi.encodeCall(MarketDayJudge.insolvent, (_day, _openBalance(_balanceOf(_trader(i)))));
    }

    function test_attack_insolvency_a_debt_beyond_the_deposit_falls_on_the_bond() external {
        int256 cum = _balances[_balanceOf(_trader(2))].cumNano;
        expect(cum < 0, "C owes");
        uint256 owed = uint256(-cum + 999) / 1000;
        _market.setAccount(_trader(2), owed, 0);
        _acquits(_insolvent(2));
        _market.setAccount(_trader(2), owed + 5, 6);
        _convicts(_insolvent(2), "insolvent");
    }

    function test_a_debt_is_rounded_against_the_debtor() external {
        uint256 place = _balanceOf(_trader(2));
        _balances[place].cumNano = -1001;
        _postDays();
        _market.setAccount(_trader(2), 2, 0);
        _acquits(_insolvent(2));
        _market.setAccount(_trader(2), 1, 0);
        _convicts(_insolvent(2), "insolvent");
    }

    function test_whoever_is_owed_something_is_solvent() external {
        _acquits(_insolvent(0));
    }
}

interface Store {
    function store(address target, bytes32 slot, bytes32 value) external;
}
