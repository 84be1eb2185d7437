// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Judge} from "../../contracts/IMarketCourt.sol";
import {FillOpening, OrderOpening, TierOpening} from "../../contracts/MarketOpening.sol";
import {FillBeside, FillNode, MarketSlotJudge, TierNode} from "../../contracts/MarketSlotJudge.sol";
import {Fill, MarketTypes, OrderLeaf, Tier} from "../../contracts/MarketTypes.sol";
import {Target} from "../../contracts/MarketVerdict.sol";
import {CourtTree, Node} from "./CourtTree.sol";
import {CourtWorld} from "./CourtWorld.sol";

/// @notice Wrongs in a slot's trees: each is shown and wins; the same proof about an honest slot loses its stake.
contract MarketCourtSlotTest is CourtWorld {
    function _convicts(bytes memory call, bytes32 reason) private {
        _wins(Target.Slot, Judge.Slot, call, reason, true);
    }

    function _acquits(bytes memory call) private {
        _loses(Target.Slot, Judge.Slot, call, true);
    }

    function _rejects(bytes memory call) private {
        _loses(Target.Slot, Judge.Slot, call, false);
    }

    // ---- tiers ----

    function _tierWrong(uint8 side, uint256 index) private view returns (bytes memory) {
        return abi.encodeCall(MarketSlotJudge.tierWrong, (_header, _openTier(side, index)));
    }

    function test_an_honest_tier_or_sentinel_is_not_wrong() external {
        for (uint8 side = BIDS; side <= ASKS; ++side) {
            for (uint256 i = 0; i < 4; ++i) {
                _acquits(_tierWrong(side, i));
            }
        }
    }

    function test_a_tier_without_quantity_is_wrong() external {
        _tiers[BIDS][0].quantityWh = 0;
        _postTiers();
        _convicts(_tierWrong(BIDS, 0), "tier-empty");
    }

    function test_a_tier_outside_the_band_is_wrong() external {
        _tiers[ASKS][0].price = 79_999;
        _postTiers();
        _convicts(_tierWrong(ASKS, 0), "tier-price");
    }

    function test_a_tier_above_the_band_is_wrong() external {
        _tiers[BIDS][0].price = 260_001;
        _postTiers();
        _convicts(_tierWrong(BIDS, 0), "tier-price");
    }

    function test_a_tier_at_another_price_than_the_one_of_a_market_at_one_price_is_wrong() external {
        _params.pricing = MarketTypes.MIDMARKET;
        _rules.setParams(_params);
        _convicts(_tierWrong(BIDS, 0), "tier-price");
    }

    function test_a_count_that_hides_a_tier_is_wrong() external {
        _header.bidTiers = 1;
        _commitSlot();
        // Of two tiers and one the tree has another depth; of two and three it has not.
        _tiers[BIDS].push(Tier(120_000, 5, 0));
        _postTiers();
        _header.bidTiers = 2;
        _commitSlot();
        _convicts(_tierWrong(BIDS, 2), "tier-count");
    }

    function test_a_count_of_more_tiers_than_there_are_is_wrong() external {
        _header.bidTiers = 3;
        _commitSlot();
        _convicts(_tierWrong(BIDS, 2), "tier-empty");
    }

    function _tiersUnsorted(uint8 side, uint256 index) private view returns (bytes memory) {
        return abi.encodeCall(MarketSlotJudge.tiersUnsorted, (_header, _openTier(side, index), _openTier(side, index + 1)));
    }

    function test_tiers_of_rising_bids_are_unsorted() external {
        _acquits(_tiersUnsorted(BIDS, 0));
        _tiers[BIDS][0].price = 180_000;
        _postTiers();
        _convicts(_tiersUnsorted(BIDS, 0), "tiers-unsorted");
    }

    function test_tiers_of_falling_asks_are_unsorted() external {
        _acquits(_tiersUnsorted(ASKS, 0));
        _tiers[ASKS][0].price = 150_001;
        _postTiers();
        _convicts(_tiersUnsorted(ASKS, 0), "tiers-unsorted");
    }

    function test_tiers_that_are_no_neighbours_or_of_two_sides_show_nothing() external {
        _rejects(abi.encodeCall(MarketSlotJudge.tiersUnsorted, (_header, _openTier(BIDS, 1), _openTier(BIDS, 0))));
        _rejects(abi.encodeCall(MarketSlotJudge.tiersUnsorted, (_header, _openTier(BIDS, 1), _openTier(BIDS, 2))));
        _rejects(abi.encodeCall(MarketSlotJudge.tiersUnsorted, (_header, _openTier(ASKS, 0), _openTier(BIDS, 1))));
    }

    // ---- what orders got ----

    function _fillWrong(uint8 side, uint256 tier, uint256 index) private view returns (bytes memory) {
        return abi.encodeCall(MarketSlotJudge.fillWrong, (_header, _openFill(side, tier, index)));
    }

    function test_an_honest_fill_is_not_wrong() external {
        _acquits(_fillWrong(ASKS, 0, 0));
        _acquits(_fillWrong(ASKS, 1, 0));
        _acquits(_fillWrong(BIDS, 0, 0));
        _acquits(_fillWrong(BIDS, 1, 0));
        _acquits(_fillWrong(BIDS, 1, 1));
    }

    /// @dev Moves Wh from one order of the tier served in part to the other: the sums stay.
    function test_a_fill_that_is_no_share_is_wrong(uint256 wh) external {
        wh = between(wh, 2, 175);
        _fills[BIDS][1][0].fillWh += uint64(wh);
        _fills[BIDS][1][1].fillWh -= uint64(wh);
        _postSlot();
        _convicts(_fillWrong(BIDS, 1, 0), "fill-share");
    }

    function test_a_fill_above_its_quantity_is_wrong() external {
        _fills[BIDS][1][0].fillWh = 901;
        _fills[BIDS][1][1].fillWh = 0;
        _postSlot();
        _convicts(_fillWrong(BIDS, 1, 1), "tier-fill");
    }

    function test_a_fill_in_a_tier_that_is_fully_served_is_all_or_wrong() external {
        _fills[BIDS][0][0].fillWh = 799;
        _postSlot();
        _convicts(_fillWrong(BIDS, 0, 0), "tier-fill");
    }

    function test_a_tier_whose_orders_do_not_add_up_to_it_is_wrong() external {
        _tiers[BIDS][1].quantityWh = 1200;
        _postTiers();
        _convicts(_fillWrong(BIDS, 1, 0), "tier-sum");
    }

    function _dealtWrong(uint256 favoured, uint256 passed) private view returns (bytes memory) {
        FillBeside memory beside = FillBeside(_fills[BIDS][1][passed], uint32(passed), _fillPath(BIDS, 1, passed));
        return abi.encodeCall(MarketSlotJudge.dealtWrong, (_header, _openFill(BIDS, 1, favoured), beside));
    }

    function test_the_last_wh_goes_to_the_largest_remainder() external {
        _acquits(_dealtWrong(0, 1));
        // 524 and 176: the Wh went to the smaller remainder.
        _fills[BIDS][1][0].fillWh = 524;
        _fills[BIDS][1][1].fillWh = 176;
        _postSlot();
        _acquits(_fillWrong(BIDS, 1, 0));
        _convicts(_dealtWrong(1, 0), "dealt");
    }

    function test_where_remainders_tie_the_last_wh_goes_to_the_smaller_key() external {
        _fills[BIDS][1][0].quantityWh = 600;
        _fills[BIDS][1][1].quantityWh = 601;
        _orders[4].quantityWh = 600;
        _fills[BIDS][1][1].quantityWh = 600;
        _tiers[BIDS][1].quantityWh = 1200;
        _tiers[ASKS][1].quantityWh = 501;
        _fills[ASKS][1][0].quantityWh = 501;
        _fills[ASKS][1][0].fillWh = 501;
        _header.volumeWh = 1501;
        bytes32 seed = CourtTree.root(CourtTree.PLAIN, _orderNodes(), _noNode()).hash;
        bytes32 first = keccak256(abi.encodePacked(seed, _set[3].orderHash));
        bytes32 second = keccak256(abi.encodePacked(seed, _set[4].orderHash));
        uint256 right = first < second ? 0 : 1;
        _fills[BIDS][1][right].fillWh = 351;
        _fills[BIDS][1][1 - right].fillWh = 350;
        _postSlot();
        _acquits(_dealtWrong(right, 1 - right));
        _fills[BIDS][1][right].fillWh = 350;
        _fills[BIDS][1][1 - right].fillWh = 351;
        _postSlot();
        _convicts(_dealtWrong(1 - right, right), "dealt");
    }

    function _fillsUnsorted() private view returns (bytes memory) {
        FillBeside memory beside = FillBeside(_fills[BIDS][1][1], 1, _fillPath(BIDS, 1, 1));
        return abi.encodeCall(MarketSlotJudge.fillsUnsorted, (_header, _openFill(BIDS, 1, 0), beside));
    }

    function test_orders_of_a_tier_come_by_rising_sequence() external {
        _acquits(_fillsUnsorted());
        _fills[BIDS][1][1].sequence = _fills[BIDS][1][0].sequence;
        _postSlot();
        _convicts(_fillsUnsorted(), "fills-unsorted");
    }

    function test_a_tier_with_an_order_behind_its_padding_is_no_tree() external {
        Node[] memory nodes = new Node[](4);
        nodes[0] = _fillNodes(BIDS, 1)[0];
        nodes[3] = _fillNodes(BIDS, 1)[1];
        _tiers[BIDS][1].ordersRoot = CourtTree.root(CourtTree.FILLS, nodes, _noNode()).hash;
        _postTiers();
        bytes memory path = CourtTree.path(CourtTree.FILLS, nodes, _noNode(), 3);
        bytes memory pad = CourtTree.path(CourtTree.FILLS, nodes, _noNode(), 2);
        FillOpening memory opening = FillOpening(_openTier(BIDS, 1), 3, _fills[BIDS][1][1], path);
        FillBeside memory nobody;
        _convicts(abi.encodeCall(MarketSlotJudge.fillTreeWrong, (_header, opening, nobody, 2, pad)), "fill-tree");
    }

    function test_a_tier_whose_orders_stand_at_two_depths_is_no_tree() external {
        Node memory left = _fillNodes(BIDS, 1)[0];
        Node memory right = _fillNodes(BIDS, 1)[1];
        Node memory lower = CourtTree.join(CourtTree.FILLS, right, _noNode());
        _tiers[BIDS][1].ordersRoot = CourtTree.join(CourtTree.FILLS, left, lower).hash;
        _postTiers();
        FillOpening memory opening = FillOpening(_openTier(BIDS, 1), 0, _fills[BIDS][1][0], CourtTree.record(CourtTree.FILLS, lower));
        bytes memory path = bytes.concat(CourtTree.record(CourtTree.FILLS, _noNode()), CourtTree.record(CourtTree.FILLS, left));
        FillBeside memory other = FillBeside(_fills[BIDS][1][1], 2, path);
        _convicts(abi.encodeCall(MarketSlotJudge.fillTreeWrong, (_header, opening, other, 0, "")), "fill-tree");
    }

    // ---- the set ----

    function _ordersUnsorted(uint256 i) private view returns (bytes memory) {
        return abi.encodeCall(MarketSlotJudge.ordersUnsorted, (_header, _openOrder(i), _openOrder(i + 1)));
    }

    function test_orders_of_the_set_come_by_rising_sequence() external {
        _acquits(_ordersUnsorted(1));
        _set[2].sequence = _set[1].sequence;
        _postTiers();
        _convicts(_ordersUnsorted(1), "orders-unsorted");
    }

    // ---- sums ----

    /// @dev The node above the first two bids claims a Wh more than they have.
    function test_a_node_that_claims_another_sum_than_its_children_is_wrong() external {
        Node[] memory level = CourtTree.above(CourtTree.TIERS, CourtTree.padded(_tierNodes(BIDS), _sentinelNode(BIDS)));
        Node[] memory leaves = CourtTree.padded(_tierNodes(BIDS), _sentinelNode(BIDS));
        TierNode memory node;
        node.side = BIDS;
        node.level = 1;
        (node.left, node.leftWh) = (leaves[0].hash, uint64(leaves[0].a));
        (node.right, node.rightWh) = (leaves[1].hash, uint64(leaves[1].a));
        bytes memory path = CourtTree.record(CourtTree.TIERS, level[1]);
        uint64 sum = uint64(level[0].a);
        _acquits(abi.encodeCall(MarketSlotJudge.tierSumWrong, (_header, node, sum, path)));
        level[0].a += 1;
        _header.bidRoot = CourtTree.join(CourtTree.TIERS, level[0], level[1]).hash;
        _commitSlot();
        _convicts(abi.encodeCall(MarketSlotJudge.tierSumWrong, (_header, node, sum + 1, path)), "tier-node");
    }

    function test_a_tier_that_counts_for_another_quantity_than_its_own_is_wrong() external {
        Node[] memory leaves = _tierNodes(ASKS);
        leaves[0].a -= 1;
        _header.askRoot = CourtTree.root(CourtTree.TIERS, leaves, _sentinelNode(ASKS)).hash;
        _commitSlot();
        TierNode memory node;
        node.side = ASKS;
        node.tier = _tiers[ASKS][0];
        bytes memory path = CourtTree.path(CourtTree.TIERS, leaves, _sentinelNode(ASKS), 0);
        _convicts(abi.encodeCall(MarketSlotJudge.tierSumWrong, (_header, node, 999, path)), "tier-node");
    }

    function test_an_order_that_counts_for_another_fill_than_its_own_is_wrong() external {
        FillNode memory node;
        node.fill = _fills[BIDS][1][0];
        bytes memory honest = _fillPath(BIDS, 1, 0);
        _acquits(abi.encodeCall(MarketSlotJudge.fillSumWrong, (_header, _openTier(BIDS, 1), node, 900, 525, honest)));
        Node[] memory leaves = _fillNodes(BIDS, 1);
        leaves[0].b += 10;
        _tiers[BIDS][1].ordersRoot = CourtTree.root(CourtTree.FILLS, leaves, _noNode()).hash;
        _postTiers();
        bytes memory path = CourtTree.path(CourtTree.FILLS, leaves, _noNode(), 0);
        _convicts(abi.encodeCall(MarketSlotJudge.fillSumWrong, (_header, _openTier(BIDS, 1), node, 900, 535, path)), "fill-node");
    }

    function test_a_node_of_a_tier_that_claims_another_sum_than_its_children_is_wrong() external {
        Node[] memory leaves = _fillNodes(BIDS, 1);
        Node memory lower = CourtTree.join(CourtTree.FILLS, leaves[0], leaves[1]);
        lower.a -= 1;
        _tiers[BIDS][1].ordersRoot = CourtTree.join(CourtTree.FILLS, lower, _noNode()).hash;
        _postTiers();
        FillNode memory node;
        node.level = 1;
        (node.left, node.leftWh, node.leftFillWh) = (leaves[0].hash, uint64(leaves[0].a), uint64(leaves[0].b));
        (node.right, node.rightWh, node.rightFillWh) = (leaves[1].hash, uint64(leaves[1].a), uint64(leaves[1].b));
        bytes memory path = CourtTree.record(CourtTree.FILLS, _noNode());
        _convicts(abi.encodeCall(MarketSlotJudge.fillSumWrong, (_header, _openTier(BIDS, 1), node, 1200, 700, path)), "fill-node");
    }
}
