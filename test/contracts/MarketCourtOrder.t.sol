// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ProvenReading, ReadingStatus} from "../../contracts/IEnergyMarket.sol";
import {Judge} from "../../contracts/IMarketCourt.sol";
import {Tenure} from "../../contracts/IMarketRules.sol";
import {FillGap, FillOpening, OrderGap, OrderOpening, TierGap} from "../../contracts/MarketOpening.sol";
import {MarketOrderJudge} from "../../contracts/MarketOrderJudge.sol";
import {Acknowledgement, Fill, MarketTypes, Order, OrderLeaf, Tier} from "../../contracts/MarketTypes.sol";
import {Target} from "../../contracts/MarketVerdict.sol";
import {CourtWorld} from "./CourtWorld.sol";

/// @notice Wrongs in which orders a slot has. Proofs about an honest slot lose their stake.
contract MarketCourtOrderTest is CourtWorld {
    uint64 private constant GATE = SLOT * 900 - 300;

    function _convicts(bytes memory call, bytes32 reason) private {
        _wins(Target.Slot, Judge.Order, call, reason, true);
    }

    function _acquits(bytes memory call) private {
        _loses(Target.Slot, Judge.Order, call, true);
    }

    function _rejects(bytes memory call) private {
        _loses(Target.Slot, Judge.Order, call, false);
    }

    // ---- omission ----

    /// @dev Takes an order out of the set, and gives the gap that it leaves.
    function _omit(uint256 i) private returns (OrderGap memory gap) {
        for (uint256 j = i; j + 1 < _set.length; ++j) {
            _set[j] = _set[j + 1];
        }
        _set.pop();
        _postTiers();
        if (i > 0) gap.left = _openOrder(i - 1);
        if (i < _set.length) gap.right = _openOrder(i);
        gap.place = i == 0 ? 2 : i == _set.length ? 3 : 1;
    }

    function _omitted(uint256 i, uint64 receivedAt, OrderGap memory gap) private view returns (bytes memory) {
        (Acknowledgement memory word, bytes memory signature) = _acknowledge(i, receivedAt);
        return abi.encodeCall(MarketOrderJudge.orderOmitted, (_header, _orders[i], word, signature, gap));
    }

    function test_attack_censorship_an_acknowledged_order_that_is_left_out_voids_the_slot() external {
        _convicts(_omitted(2, GATE - 1, _omit(2)), "order-omitted");
    }

    function test_attack_censorship_at_the_begin_of_the_set() external {
        _convicts(_omitted(0, GATE - 1, _omit(0)), "order-omitted");
    }

    function test_attack_censorship_at_the_end_of_the_set() external {
        _convicts(_omitted(4, GATE - 1, _omit(4)), "order-omitted");
    }

    function test_attack_censorship_of_every_order() external {
        for (uint256 i = 0; i < 4; ++i) {
            _omit(0);
        }
        _set.pop();
        _postTiers();
        OrderGap memory gap;
        gap.place = 4;
        _convicts(_omitted(2, GATE - 1, gap), "order-omitted");
    }

    function test_an_order_that_came_at_the_gate_may_be_left_out() external {
        _acquits(_omitted(2, GATE, _omit(2)));
    }

    function test_an_order_that_was_not_valid_may_be_left_out() external {
        OrderGap memory gap = _omit(2);
        _rules.setCounterLeft(_trader(2), 0, GATE - 601);
        _acquits(_omitted(2, GATE - 1, gap));
        _rules.setCounterLeft(_trader(2), 0, GATE - 600);
        _convicts(_omitted(2, GATE - 1, gap), "order-omitted");
    }

    function test_an_order_that_is_there_is_not_left_out() external {
        OrderGap memory gap = OrderGap(1, _openOrder(1), _openOrder(2));
        _rejects(_omitted(2, GATE - 1, gap));
        gap = OrderGap(1, _openOrder(1), _openOrder(3));
        _rejects(_omitted(2, GATE - 1, gap));
        gap = OrderGap(2, _openOrder(0), _openOrder(0));
        _rejects(_omitted(2, GATE - 1, gap));
        gap = OrderGap(3, _openOrder(4), _openOrder(0));
        _rejects(_omitted(2, GATE - 1, gap));
        gap = OrderGap(3, _openOrder(1), _openOrder(0));
        _rejects(_omitted(2, GATE - 1, gap));
        gap.place = 4;
        _rejects(_omitted(2, GATE - 1, gap));
        gap.place = 0;
        _rejects(_omitted(2, GATE - 1, gap));
        gap.place = 5;
        _rejects(_omitted(2, GATE - 1, gap));
    }

    function test_only_the_operators_word_counts() external {
        OrderGap memory gap = _omit(2);
        (Acknowledgement memory word,) = _acknowledge(2, GATE - 1);
        bytes memory signature = _sign(_keyOf(2), MarketTypes.digest(_market.domainSeparator(), MarketTypes.structHash(word)));
        _rejects(abi.encodeCall(MarketOrderJudge.orderOmitted, (_header, _orders[2], word, signature, gap)));
        (word, signature) = _acknowledge(2, GATE - 1);
        word.receivedAt -= 1;
        _rejects(abi.encodeCall(MarketOrderJudge.orderOmitted, (_header, _orders[2], word, signature, gap)));
        (word, signature) = _acknowledge(2, GATE - 1);
        _rejects(abi.encodeCall(MarketOrderJudge.orderOmitted, (_header, _orders[1], word, signature, gap)));
    }

    function test_an_order_that_another_took_the_place_of_is_replaced() external {
        (Acknowledgement memory word, bytes memory signature) = _acknowledge(2, GATE - 1);
        _acquits(abi.encodeCall(MarketOrderJudge.orderReplaced, (_header, _orders[2], word, signature, _openOrder(2))));
        _set[2].orderHash = keccak256("another");
        _postTiers();
        _convicts(abi.encodeCall(MarketOrderJudge.orderReplaced, (_header, _orders[2], word, signature, _openOrder(2))), "order-replaced");
    }

    function test_an_order_with_another_sequence_than_was_acknowledged_is_moved() external {
        (Acknowledgement memory word, bytes memory signature) = _acknowledge(2, GATE - 1);
        _set[2].sequence = 15;
        _postTiers();
        _convicts(abi.encodeCall(MarketOrderJudge.orderReplaced, (_header, _orders[2], word, signature, _openOrder(2))), "order-moved");
    }

    function test_attack_front_running_an_order_from_behind_the_gate_does_not_stand() external {
        (Acknowledgement memory word, bytes memory signature) = _acknowledge(2, GATE - 1);
        _acquits(abi.encodeCall(MarketOrderJudge.orderLate, (_header, _openOrder(2), word, signature)));
        (word, signature) = _acknowledge(2, GATE);
        _convicts(abi.encodeCall(MarketOrderJudge.orderLate, (_header, _openOrder(2), word, signature)), "order-late");
    }

    // ---- validity ----

    function _invalid(uint256 i) private view returns (bytes memory) {
        return abi.encodeCall(MarketOrderJudge.orderInvalid, (_header, _openOrder(i), _orders[i]));
    }

    /// @dev Puts the changed order into the set.
    function _change(uint256 i) private {
        _set[i].orderHash = _hashOf(_orders[i]);
        _postTiers();
    }

    function test_an_honest_order_is_valid() external {
        for (uint256 i = 0; i < 5; ++i) {
            _acquits(_invalid(i));
        }
    }

    function test_attack_replay_an_order_of_another_market_is_not_valid() external {
        _orders[0].market = keccak256("other");
        _change(0);
        _convicts(_invalid(0), "order-market");
    }

    function test_attack_replay_an_order_of_another_slot_is_not_valid() external {
        _orders[0].slotFrom = SLOT - 4;
        _change(0);
        _convicts(_invalid(0), "order-slot");
    }

    function test_attack_replay_an_order_whose_counter_was_left_is_not_valid() external {
        _rules.setCounterLeft(_trader(0), 0, GATE - 601);
        _convicts(_invalid(0), "order-counter");
    }

    function test_attack_a_counter_raised_in_the_last_block_before_the_gate_convicts_nobody() external {
        _rules.setCounterLeft(_trader(0), 0, GATE - 1);
        _acquits(_invalid(0));
    }

    function test_an_expired_order_is_not_valid() external {
        _orders[0].validUntil = GATE - 1;
        _change(0);
        _convicts(_invalid(0), "order-expired");
    }

    function test_an_order_of_the_other_mode_is_not_valid() external {
        _orders[0].mode = MarketTypes.METERED;
        _change(0);
        _convicts(_invalid(0), "order-mode");
    }

    function test_attack_sybil_an_order_for_a_meter_of_somebody_else_is_not_valid() external {
        _orders[0].trader = _trader(1);
        _change(0);
        _convicts(_invalid(0), "order-owner");
    }

    function test_attack_price_manipulation_an_order_above_the_meters_capacity_is_not_valid() external {
        _orders[0].quantityWh = 5001;
        _change(0);
        _convicts(_invalid(0), "order-capacity");
    }

    function test_an_order_outside_the_band_is_not_valid(uint64 limit) external {
        bool isIn = limit >= 120_000 && limit <= 300_000;
        _orders[2].limitMicroPerKwh = limit;
        _change(2);
        if (isIn) _acquits(_invalid(2));
        else _convicts(_invalid(2), "order-price");
    }

    function test_attack_replay_two_orders_of_one_meter_do_not_stand_side_by_side() external {
        bytes memory call =
            abi.encodeCall(MarketOrderJudge.ordersOfOneMeter, (_header, _openOrder(0), _orders[0], _openOrder(1), _orders[1]));
        _rejects(call);
        _orders[1].meter = _orders[0].meter;
        _change(1);
        call = abi.encodeCall(MarketOrderJudge.ordersOfOneMeter, (_header, _openOrder(0), _orders[0], _openOrder(1), _orders[1]));
        _convicts(call, "orders-of-one-meter");
    }

    function test_an_order_is_not_beside_itself() external {
        _rejects(abi.encodeCall(MarketOrderJudge.ordersOfOneMeter, (_header, _openOrder(0), _orders[0], _openOrder(0), _orders[0])));
    }

    // ---- tiers ----

    function _misplaced(uint8 side, uint256 tier, uint256 index, uint256 i) private view returns (bytes memory) {
        return abi.encodeCall(MarketOrderJudge.fillMisplaced, (_header, _openFill(side, tier, index), _orders[i]));
    }

    function test_an_honest_fill_is_in_its_tier() external {
        _acquits(_misplaced(ASKS, 0, 0, 0));
        _acquits(_misplaced(BIDS, 1, 1, 4));
    }

    function test_attack_bad_clearing_an_order_in_the_tier_of_another_price_is_misplaced() external {
        _tiers[ASKS][1].price = 150_001;
        _postTiers();
        _convicts(_misplaced(ASKS, 1, 0, 1), "fill-price");
    }

    function test_an_order_with_another_quantity_is_misplaced(uint64 wh) external {
        _fills[BIDS][0][0].quantityWh = wh;
        _postSlot();
        if (wh == 800) _acquits(_misplaced(BIDS, 0, 0, 2));
        else _convicts(_misplaced(BIDS, 0, 0, 2), "fill-quantity");
    }

    function test_an_order_with_another_meter_is_misplaced() external {
        _fills[BIDS][0][0].meter = _meter(0);
        _postSlot();
        _convicts(_misplaced(BIDS, 0, 0, 2), "fill-meter");
    }

    function test_an_order_that_got_less_than_its_least_quantity_is_misplaced() external {
        _orders[3].minQuantityWh = 526;
        _change(3);
        _fills[BIDS][1][0].orderHash = _set[3].orderHash;
        _postSlot();
        _convicts(_misplaced(BIDS, 1, 0, 3), "fill-least");
    }

    /// @dev In metered mode the meter says how much of an order counts.
    function test_in_metered_mode_an_order_counts_for_no_more_than_its_meter_showed(uint16 wh) external {
        _header.mode = MarketTypes.METERED;
        _commitSlot();
        // Nothing was shown: nobody can say.
        _acquits(_misplaced(ASKS, 0, 0, 0));
        ProvenReading memory reading;
        reading.status = ReadingStatus.Proven;
        reading.meteredWh = int64(uint64(wh));
        _market.setReading(SLOT, _meter(0), reading);
        // The operator never had it.
        _acquits(_misplaced(ASKS, 0, 0, 0));
        reading.acknowledged = true;
        _market.setReading(SLOT, _meter(0), reading);
        if (wh >= 1000) _acquits(_misplaced(ASKS, 0, 0, 0));
        else _convicts(_misplaced(ASKS, 0, 0, 0), "fill-quantity");
    }

    function test_in_metered_mode_an_order_whose_meter_was_silent_may_be_in_no_tier() external {
        _header.mode = MarketTypes.METERED;
        _orders[1].mode = MarketTypes.METERED;
        _tiers[ASKS].pop();
        _change(1);
        TierGap memory gap = TierGap(1, _openTier(ASKS, 0), _openTier(ASKS, 1));
        _acquits(abi.encodeCall(MarketOrderJudge.orderWithoutTier, (_header, _openOrder(1), _orders[1], gap)));
    }

    function test_a_fill_that_is_not_in_the_set_is_seen() external {
        FillOpening memory opening = _openFill(BIDS, 0, 0);
        _acquits(abi.encodeCall(MarketOrderJudge.fillNotStanding, (_header, opening, _openOrder(2))));
        OrderGap memory gap = _omit(2);
        _convicts(abi.encodeCall(MarketOrderJudge.fillNotInSet, (_header, opening, gap)), "fill-not-in-set");
    }

    function test_a_fill_of_a_cancelled_order_is_seen() external {
        _set[2].cancellation = keccak256("cancelled");
        _postTiers();
        _convicts(abi.encodeCall(MarketOrderJudge.fillNotStanding, (_header, _openFill(BIDS, 0, 0), _openOrder(2))), "fill-cancelled");
    }

    function test_a_fill_under_the_sequence_of_another_order_is_seen() external {
        _set[2].orderHash = keccak256("another");
        _postTiers();
        _convicts(abi.encodeCall(MarketOrderJudge.fillNotStanding, (_header, _openFill(BIDS, 0, 0), _openOrder(2))), "fill-not-in-set");
    }

    // ---- an order in no tier ----

    function test_attack_bad_clearing_an_order_without_a_tier_at_its_price_is_seen() external {
        TierGap memory gap = TierGap(1, _openTier(BIDS, 0), _openTier(BIDS, 1));
        _rejects(abi.encodeCall(MarketOrderJudge.orderWithoutTier, (_header, _openOrder(2), _orders[2], gap)));
        // C's tier is gone; D's is the first one.
        _tiers[BIDS][0] = _tiers[BIDS][1];
        _tiers[BIDS].pop();
        delete _fills[BIDS][1];
        delete _fills[BIDS][0];
        _postTiers();
        gap = TierGap(2, _openTier(BIDS, 0), _openTier(BIDS, 0));
        _convicts(abi.encodeCall(MarketOrderJudge.orderWithoutTier, (_header, _openOrder(2), _orders[2], gap)), "order-unplaced");
    }

    function test_attack_bad_clearing_a_worse_order_without_a_tier_is_seen() external {
        _tiers[ASKS].pop();
        _postTiers();
        TierGap memory gap = TierGap(1, _openTier(ASKS, 0), _openTier(ASKS, 1));
        _convicts(abi.encodeCall(MarketOrderJudge.orderWithoutTier, (_header, _openOrder(1), _orders[1], gap)), "order-unplaced");
    }

    function _notInTier(uint256 i, FillGap memory gap) private view returns (bytes memory) {
        return abi.encodeCall(MarketOrderJudge.orderNotInTier, (_header, _openOrder(i), _orders[i], _openTier(BIDS, 1), gap));
    }

    function test_attack_bad_clearing_an_order_that_its_tier_does_not_hold_is_seen() external {
        FillGap memory gap;
        gap.place = 3;
        gap.left = _fills[BIDS][1][0];
        gap.leftPath = _fillPath(BIDS, 1, 0);
        gap.rightPath = _fillPath(BIDS, 1, 1);
        _rejects(_notInTier(4, gap));
        gap.place = 1;
        gap.right = _fills[BIDS][1][1];
        _rejects(_notInTier(4, gap));
        _fills[BIDS][1].pop();
        _postSlot();
        FillGap memory last;
        last.place = 3;
        last.left = _fills[BIDS][1][0];
        _convicts(_notInTier(4, last), "order-unplaced");
    }

    function test_an_order_missing_before_the_first_of_its_tier_is_seen() external {
        _fills[BIDS][1][0] = _fills[BIDS][1][1];
        _fills[BIDS][1].pop();
        _postSlot();
        FillGap memory gap;
        gap.place = 2;
        gap.right = _fills[BIDS][1][0];
        _convicts(_notInTier(3, gap), "order-unplaced");
    }

    function test_an_order_missing_before_padding_is_seen() external {
        _fills[BIDS][1].pop();
        _fills[BIDS][1].push(Fill(17, keccak256("x"), _meter(7), 100, 50));
        _fills[BIDS][1].push(Fill(177, keccak256("y"), _meter(8), 100, 50));
        _postSlot();
        FillGap memory gap;
        gap.place = 1;
        gap.index = 1;
        gap.left = _fills[BIDS][1][1];
        gap.leftPath = _fillPath(BIDS, 1, 1);
        gap.right = _fills[BIDS][1][2];
        gap.rightPath = _fillPath(BIDS, 1, 2);
        _convicts(_notInTier(4, gap), "order-unplaced");
    }

    function test_an_order_missing_behind_the_last_of_its_tier_is_seen() external {
        _fills[BIDS][1].pop();
        _fills[BIDS][1].push(Fill(16, keccak256("x"), _meter(7), 100, 50));
        _fills[BIDS][1].push(Fill(17, keccak256("y"), _meter(8), 100, 50));
        _postSlot();
        FillGap memory gap;
        gap.place = 3;
        gap.index = 2;
        gap.left = _fills[BIDS][1][2];
        gap.leftPath = _fillPath(BIDS, 1, 2);
        gap.rightPath = _fillPath(BIDS, 1, 3);
        _convicts(_notInTier(4, gap), "order-unplaced");
    }

    function test_an_order_with_a_least_quantity_or_taken_out_may_be_in_no_tier() external {
        _orders[1].minQuantityWh = 500;
        _change(1);
        _tiers[ASKS].pop();
        _postTiers();
        TierGap memory gap = TierGap(1, _openTier(ASKS, 0), _openTier(ASKS, 1));
        _acquits(abi.encodeCall(MarketOrderJudge.orderWithoutTier, (_header, _openOrder(1), _orders[1], gap)));
        _orders[1].minQuantityWh = 0;
        _set[1].cancellation = keccak256("cancelled");
        _change(1);
        _acquits(abi.encodeCall(MarketOrderJudge.orderWithoutTier, (_header, _openOrder(1), _orders[1], gap)));
    }
}
