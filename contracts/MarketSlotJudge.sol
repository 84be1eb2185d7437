// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket} from "./IEnergyMarket.sol";
import {IMarketRules} from "./IMarketRules.sol";
import {FillOpening, MarketOpening, OrderOpening, TierOpening} from "./MarketOpening.sol";
import {MarketProof} from "./MarketProof.sol";
import {MarketSignature} from "./MarketSignature.sol";
import {Fill, MarketTypes, Params, SlotHeader, Tier} from "./MarketTypes.sol";
import {Target, Verdict} from "./MarketVerdict.sol";

/// @notice Another order of the same tier.
struct FillBeside {
    Fill fill;
    uint32 index;
    bytes path;
}

/// @notice The two children of a node in a tree of tiers, and where the node stands: `level` levels above the leaves, `index` from the left. At level 0 it is a
/// leaf, and the tier itself is shown instead of children.
struct TierNode {
    uint8 side;
    uint32 level;
    uint32 index;
    bytes32 left;
    uint64 leftWh;
    bytes32 right;
    uint64 rightWh;
    Tier tier;
}

/// @notice The same in the tree of a tier's orders.
struct FillNode {
    uint32 level;
    uint32 index;
    bytes32 left;
    uint64 leftWh;
    uint64 leftFillWh;
    bytes32 right;
    uint64 rightWh;
    uint64 rightFillWh;
    Fill fill;
}

/// @title Judges what a slot's certificate does not look at: tiers away from the margin, what orders got, the order of leaves, and sums.
/// @notice Each function takes the header as it was posted and the leaves that contradict it, and tells what is wrong; it reverts with `NothingWrong` if nothing
/// is. [agent/trade/clear.ts]
///
/// KNOWN GAP: that an order was taken out because it would have got less than its least quantity is checked by clearing again, not here.
contract MarketSlotJudge {
    error NothingWrong();
    error NotRelated();

    IEnergyMarket public immutable market;
    IMarketRules public immutable rules;

    constructor(IEnergyMarket market_) {
        market = market_;
        rules = market_.rules();
    }

    // ---- tiers ----

    /// @notice A tier has no quantity or a price outside the band, or something else than a sentinel stands behind the last.
    function tierWrong(SlotHeader calldata header, TierOpening calldata opening) external view returns (Verdict memory) {
        MarketOpening.slotHash(market, header);
        MarketOpening.tier(header, opening);
        Tier calldata tier = opening.tier;
        if (opening.index >= MarketOpening.tiersOf(header, opening.side)) {
            uint64 price = opening.side == MarketTypes.BUY ? 0 : MarketTypes.ASK_SENTINEL_PRICE;
            if (tier.price == price && tier.quantityWh == 0 && tier.ordersRoot == 0) revert NothingWrong();
            return _wrong(header, "tier-count");
        }
        if (tier.quantityWh == 0) return _wrong(header, "tier-empty");
        Params memory params = rules.paramsOf(header.paramsVersion);
        uint256 least = params.feedInMicroPerKwh;
        uint256 most = params.retailMicroPerKwh - params.gridFeeMicroPerKwh;
        // At one price every order stands at the middle of the band, rounded down.
        if (params.pricing == MarketTypes.MIDMARKET) (least, most) = (least + (most - least) / 2, least + (most - least) / 2);
        if (tier.price < least || tier.price > most) return _wrong(header, "tier-price");
        revert NothingWrong();
    }

    /// @notice Of two neighbouring tiers the second is not worse.
    function tiersUnsorted(SlotHeader calldata header, TierOpening calldata left, TierOpening calldata right)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        MarketOpening.tier(header, left);
        MarketOpening.tier(header, right);
        bool isPair = left.side == right.side && uint256(left.index) + 1 == right.index;
        if (!isPair || right.index >= MarketOpening.tiersOf(header, left.side)) revert NotRelated();
        if (MarketOpening.isBetter(left.side, left.tier.price, right.tier.price)) revert NothingWrong();
        return _wrong(header, "tiers-unsorted");
    }

    // ---- what orders got ----

    /// @notice An order got something else than its exact share, rounded down or one Wh more; or its tier's orders do not add up to the tier, or to what the tier is
    /// owed of the volume.
    function fillWrong(SlotHeader calldata header, FillOpening calldata opening) external view returns (Verdict memory) {
        MarketOpening.slotHash(market, header);
        (uint256 beforeWh, MarketProof.FillSums memory sums) = MarketOpening.fill(header, opening);
        uint256 total = opening.tier.tier.quantityWh;
        uint256 got = _owed(header.volumeWh, beforeWh, total);
        if (sums.quantityTotalWh != total) return _wrong(header, "tier-sum");
        if (sums.fillTotalWh != got) return _wrong(header, "tier-fill");
        uint256 quantity = opening.fill.quantityWh;
        if (quantity == 0) return _wrong(header, "fill-empty");
        // Below 2^128: both have 64 bits.
        uint256 share = got * quantity / total;
        uint256 filled = opening.fill.fillWh;
        bool isExact = got * quantity % total == 0;
        if (filled == share || (!isExact && filled == share + 1)) revert NothingWrong();
        return _wrong(header, "fill-share");
    }

    /// @notice Of two orders of a tier the one with the smaller remainder, or with the larger key where remainders tie, got the Wh that the other one did not.
    function dealtWrong(SlotHeader calldata header, FillOpening calldata favoured, FillBeside calldata passed)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        (uint256 beforeWh,) = MarketOpening.fill(header, favoured);
        MarketOpening.fillIn(favoured.tier.tier.ordersRoot, passed.fill, passed.index, passed.path);
        uint256 total = favoured.tier.tier.quantityWh;
        if (total == 0 || passed.path.length != favoured.path.length) revert NotRelated();
        uint256 got = _owed(header.volumeWh, beforeWh, total);
        (uint256 share, uint256 remainder) = _share(got, favoured.fill.quantityWh, total);
        (uint256 otherShare, uint256 otherRemainder) = _share(got, passed.fill.quantityWh, total);
        bool isDealt = favoured.fill.fillWh == share + 1 && passed.fill.fillWh == otherShare;
        bool isOthers = otherRemainder > remainder
            || (otherRemainder == remainder && _key(header, passed.fill.orderHash) < _key(header, favoured.fill.orderHash));
        if (!isDealt || !isOthers) revert NothingWrong();
        return _wrong(header, "dealt");
    }

    function _share(uint256 got, uint256 quantity, uint256 total) private pure returns (uint256, uint256) {
        return (got * quantity / total, got * quantity % total);
    }

    function _key(SlotHeader calldata header, bytes32 orderHash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(header.orderSetRoot, orderHash));
    }

    /// @dev What a tier gets of the volume, by what stands before it.
    function _owed(uint256 volumeWh, uint256 beforeWh, uint256 quantityWh) private pure returns (uint256) {
        if (volumeWh <= beforeWh) return 0;
        uint256 left = volumeWh - beforeWh;
        return left < quantityWh ? left : quantityWh;
    }

    /// @notice Two neighbouring orders of a tier do not come by rising sequence.
    function fillsUnsorted(SlotHeader calldata header, FillOpening calldata left, FillBeside calldata right)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        MarketOpening.fill(header, left);
        MarketOpening.fillIn(left.tier.tier.ordersRoot, right.fill, right.index, right.path);
        if (uint256(left.index) + 1 != right.index || left.path.length != right.path.length) revert NotRelated();
        if (left.fill.sequence < right.fill.sequence) revert NothingWrong();
        return _wrong(header, "fills-unsorted");
    }

    /// @notice A tier's orders stand at different depths, or one behind the padding: its tree is none.
    /// @param pad Path of a place before `opening` at which nothing but padding stands; empty if `other` is at another depth.
    function fillTreeWrong(
        SlotHeader calldata header,
        FillOpening calldata opening,
        FillBeside calldata other,
        uint256 padIndex,
        bytes calldata pad
    ) external view returns (Verdict memory) {
        MarketOpening.slotHash(market, header);
        MarketOpening.fill(header, opening);
        bytes32 root = opening.tier.tier.ordersRoot;
        if (pad.length != 0) {
            MarketOpening.noFill(root, padIndex, pad);
            if (pad.length != opening.path.length || padIndex >= opening.index) revert NotRelated();
            return _wrong(header, "fill-tree");
        }
        MarketOpening.fillIn(root, other.fill, other.index, other.path);
        if (other.path.length == opening.path.length) revert NothingWrong();
        return _wrong(header, "fill-tree");
    }

    // ---- the set ----

    /// @notice Two neighbouring orders of the set do not come by rising sequence.
    function ordersUnsorted(SlotHeader calldata header, OrderOpening calldata left, OrderOpening calldata right)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        MarketOpening.order(header, left);
        MarketOpening.order(header, right);
        if (uint256(left.index) + 1 != right.index) revert NotRelated();
        if (left.leaf.sequence < right.leaf.sequence) revert NothingWrong();
        return _wrong(header, "orders-unsorted");
    }

    // ---- sums ----

    /// @notice A node of a tree of tiers has another sum above it than its children have, or a tier another than its quantity.
    /// @param claimedWh As the node above has it. @param path From the node upwards.
    function tierSumWrong(SlotHeader calldata header, TierNode calldata node, uint64 claimedWh, bytes calldata path)
        external
        view
        returns (Verdict memory)
    {
        MarketOpening.slotHash(market, header);
        bool isLeaf = node.level == 0;
        bytes32 hash = isLeaf
            ? MarketTypes.leaf(node.tier)
            : keccak256(abi.encodePacked(MarketTypes.TIER_NODE, node.left, node.leftWh, node.right, node.rightWh));
        uint256 sum = isLeaf ? node.tier.quantityWh : uint256(node.leftWh) + node.rightWh;
        uint256 depth = MarketProof.depthOf(uint256(MarketOpening.tiersOf(header, node.side)) + 1);
        if (node.level > depth) revert NotRelated();
        // The tree above a node is as good as any: its leaves are the nodes of this level.
        uint256 nodes = uint256(1) << (depth - node.level);
        (bytes32 found,,) = MarketProof.tierRoot(hash, claimedWh, node.index, nodes, path);
        bytes32 root = node.side == MarketTypes.BUY ? header.bidRoot : header.askRoot;
        if (found != root) revert MarketOpening.NotThere(found, root);
        if (sum == claimedWh) revert NothingWrong();
        return _wrong(header, "tier-node");
    }

    /// @notice The same in the tree of a tier's orders.
    function fillSumWrong(
        SlotHeader calldata header,
        TierOpening calldata tier,
        FillNode calldata node,
        uint64 claimedWh,
        uint64 claimedFillWh,
        bytes calldata path
    ) external view returns (Verdict memory) {
        MarketOpening.slotHash(market, header);
        MarketOpening.tier(header, tier);
        (bytes32 found,) = MarketProof.fillRoot(_hashOf(node), claimedWh, claimedFillWh, node.index, MarketOpening.fillLeaves(path), path);
        if (found != tier.tier.ordersRoot) revert MarketOpening.NotThere(found, tier.tier.ordersRoot);
        bool isLeaf = node.level == 0;
        uint256 sum = isLeaf ? node.fill.quantityWh : uint256(node.leftWh) + node.rightWh;
        uint256 fillSum = isLeaf ? node.fill.fillWh : uint256(node.leftFillWh) + node.rightFillWh;
        if (sum == claimedWh && fillSum == claimedFillWh) revert NothingWrong();
        return _wrong(header, "fill-node");
    }

    function _hashOf(FillNode calldata node) private pure returns (bytes32) {
        if (node.level == 0) return MarketTypes.leaf(node.fill);
        return keccak256(
            abi.encodePacked(MarketTypes.FILL_NODE, node.left, node.leftWh, node.leftFillWh, node.right, node.rightWh, node.rightFillWh)
        );
    }

    // ---- the operator's word ----

    /// @notice The operator signed two statements for one slot, or one that is not what it posted. @param otherHash Zero for the posted header; then without signature.
    function equivocation(uint64 slot, bytes32 headerHash, bytes calldata signature, bytes32 otherHash, bytes calldata otherSignature)
        external
        view
        returns (Verdict memory)
    {
        _checkStatement(slot, headerHash, signature);
        if (otherHash != 0) {
            _checkStatement(slot, otherHash, otherSignature);
        } else {
            otherHash = market.slotCommit(slot);
            if (otherHash == 0) revert NotRelated();
        }
        if (otherHash == headerHash) revert NothingWrong();
        return Verdict(Target.Operator, slot, "equivocation", true);
    }

    function _checkStatement(uint64 slot, bytes32 headerHash, bytes calldata signature) private view {
        bytes32 digest = MarketTypes.digest(market.domainSeparator(), MarketTypes.statementStructHash(market.market(), slot, headerHash));
        if (!MarketSignature.isBy(market.operator(), digest, signature)) revert NotRelated();
    }

    function _wrong(SlotHeader calldata header, bytes32 reason) private pure returns (Verdict memory) {
        return Verdict(Target.Slot, header.slot, reason, true);
    }
}
