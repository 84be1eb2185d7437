// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket} from "./IEnergyMarket.sol";
import {MarketProof} from "./MarketProof.sol";
import {Balance, DayHeader, Fill, MarketTypes, OrderLeaf, Row, SlotHeader, Tier} from "./MarketTypes.sol";

/// @notice A row, and where it stands in its day.
struct RowOpening {
    Row row;
    uint32 index;
    bytes path;
}

/// @notice An account's balance, and where it stands in its day.
struct BalanceOpening {
    Balance balance;
    uint32 index;
    bytes path;
}

/// @notice An acknowledged order, and where it stands in the set of its slot.
struct OrderOpening {
    OrderLeaf leaf;
    uint32 index;
    bytes path;
}

/// @notice A tier, and where it stands on its side. `side` 1 for bids, 2 for asks, as in an order.
struct TierOpening {
    uint8 side;
    uint32 index;
    Tier tier;
    bytes path;
}

/// @notice What an order got, and where it stands in its tier. How many orders a tier has is not committed to, so that the path says how deep its tree is.
struct FillOpening {
    TierOpening tier;
    uint32 index;
    Fill fill;
    bytes path;
}

/// @notice Where something would stand and does not: between two neighbours (1), before the first (2: `right` alone), behind the last (3: `left` alone), or anywhere
/// in what is empty (4).
struct RowGap {
    uint8 place;
    RowOpening left;
    RowOpening right;
}

struct BalanceGap {
    uint8 place;
    BalanceOpening left;
    BalanceOpening right;
}

struct OrderGap {
    uint8 place;
    OrderOpening left;
    OrderOpening right;
}

struct TierGap {
    uint8 place;
    TierOpening left;
    TierOpening right;
}

/// @notice The same within a tier. Behind the last, `rightPath` shows that the next place is padding, unless there is none.
struct FillGap {
    uint8 place;
    uint32 index;
    Fill left;
    bytes leftPath;
    Fill right;
    bytes rightPath;
}

/// @title Opens what a market committed to: every function here reverts unless the leaf stands where it is said to.
library MarketOpening {
    /// @notice This is not the header that was posted, or none stands.
    error NotTheHeader(uint64 number, bytes32 found, bytes32 expected);
    /// @notice The leaf is not there.
    error NotThere(bytes32 found, bytes32 expected);
    /// @notice A side is 1 for bids or 2 for asks.
    error NoSuchSide(uint8 side);

    function slotHash(IEnergyMarket market, SlotHeader calldata header) internal view returns (bytes32 found) {
        found = MarketTypes.hash(header);
        bytes32 expected = market.slotCommit(header.slot);
        if (found != expected) revert NotTheHeader(header.slot, found, expected);
    }

    function dayHash(IEnergyMarket market, DayHeader calldata header) internal view returns (bytes32 found) {
        found = MarketTypes.hash(header);
        (bytes32 expected,,) = market.dayCommit(header.day);
        if (found != expected) revert NotTheHeader(header.day, found, expected);
    }

    function row(DayHeader calldata header, RowOpening calldata opening) internal pure {
        _same(MarketProof.plainRoot(MarketTypes.leaf(opening.row), opening.index, header.rowCount, opening.path), header.rowsRoot);
    }

    function balance(DayHeader calldata header, BalanceOpening calldata opening) internal pure {
        bytes32 leaf = MarketTypes.leaf(opening.balance);
        (bytes32 found,,) = MarketProof.balanceRoot(leaf, opening.balance.cumNano, opening.index, header.accountCount, opening.path);
        _same(found, header.balancesRoot);
    }

    function order(SlotHeader calldata header, OrderOpening calldata opening) internal pure {
        _same(MarketProof.plainRoot(MarketTypes.leaf(opening.leaf), opening.index, header.orderCount, opening.path), header.orderSetRoot);
    }

    function tiersOf(SlotHeader calldata header, uint8 side) internal pure returns (uint32) {
        if (side == MarketTypes.BUY) return header.bidTiers;
        if (side == MarketTypes.SELL) return header.askTiers;
        revert NoSuchSide(side);
    }

    /// @return beforeWh What stands before the tier, in Wh.
    /// @dev Places up to the end of the tree may be opened, sentinels too: a court may want to see what stands behind the last tier.
    function tier(SlotHeader calldata header, TierOpening calldata opening) internal pure returns (uint256 beforeWh) {
        uint256 leaves = 1 << MarketProof.depthOf(uint256(tiersOf(header, opening.side)) + 1);
        bytes32 found;
        (found, beforeWh,) =
            MarketProof.tierRoot(MarketTypes.leaf(opening.tier), opening.tier.quantityWh, opening.index, leaves, opening.path);
        _same(found, opening.side == MarketTypes.BUY ? header.bidRoot : header.askRoot);
    }

    /// @return tierBeforeWh What stands before the tier, in Wh. @return sums Of the whole tier, and of what stands before this order.
    function fill(SlotHeader calldata header, FillOpening calldata opening)
        internal
        pure
        returns (uint256 tierBeforeWh, MarketProof.FillSums memory sums)
    {
        tierBeforeWh = tier(header, opening.tier);
        sums = fillIn(opening.tier.tier.ordersRoot, opening.fill, opening.index, opening.path);
    }

    /// @notice A fill below the root of its tier's orders.
    function fillIn(bytes32 root, Fill calldata one, uint256 index, bytes calldata path)
        internal
        pure
        returns (MarketProof.FillSums memory sums)
    {
        bytes32 found;
        (found, sums) = MarketProof.fillRoot(MarketTypes.leaf(one), one.quantityWh, one.fillWh, index, fillLeaves(path), path);
        _same(found, root);
    }

    /// @notice That nothing but padding stands at a place of a tier's tree.
    function noFill(bytes32 root, uint256 index, bytes calldata path) internal pure {
        (bytes32 found,) = MarketProof.fillRoot(bytes32(0), 0, 0, index, fillLeaves(path), path);
        _same(found, root);
    }

    /// @notice How many places the tree has that a path of fills belongs to.
    function fillLeaves(bytes calldata path) internal pure returns (uint256) {
        return 1 << (path.length / MarketProof.FILL_LEVEL);
    }

    uint8 internal constant BETWEEN = 1;
    uint8 internal constant BEFORE_FIRST = 2;
    uint8 internal constant BEHIND_LAST = 3;
    uint8 internal constant EMPTY = 4;

    /// @notice What is said to be missing would not stand in this gap.
    error NoGap(uint8 place);

    /// @dev Whether both neighbours of a gap must be opened, from its place and theirs; the caller opens them.
    function needs(uint8 place, uint256 left, uint256 right, uint256 count) internal pure returns (bool needsLeft, bool needsRight) {
        needsLeft = place == BETWEEN || place == BEHIND_LAST;
        needsRight = place == BETWEEN || place == BEFORE_FIRST;
        bool fits = place == BETWEEN
            ? right == left + 1
            : place == BEFORE_FIRST ? right == 0 : place == BEHIND_LAST ? left + 1 == count : place == EMPTY && count == 0;
        if (!fits) revert NoGap(place);
    }

    /// @notice Reverts unless the day has no row of this account, slot and meter.
    function noRow(DayHeader calldata header, RowGap calldata gap, address account, uint64 slot, bytes32 meter) internal pure {
        (bool needsLeft, bool needsRight) = needs(gap.place, gap.left.index, gap.right.index, header.rowCount);
        if (needsLeft) {
            row(header, gap.left);
            if (!isBefore(gap.left.row, account, slot, meter)) revert NoGap(gap.place);
        }
        if (needsRight) {
            row(header, gap.right);
            if (isBefore(gap.right.row, account, slot, meter) || isAt(gap.right.row, account, slot, meter)) revert NoGap(gap.place);
        }
    }

    /// @notice Reverts unless the account has no balance on this day.
    function noBalance(DayHeader calldata header, BalanceGap calldata gap, address account) internal pure {
        (bool needsLeft, bool needsRight) = needs(gap.place, gap.left.index, gap.right.index, header.accountCount);
        if (needsLeft) {
            balance(header, gap.left);
            if (gap.left.balance.account >= account) revert NoGap(gap.place);
        }
        if (needsRight) {
            balance(header, gap.right);
            if (gap.right.balance.account <= account) revert NoGap(gap.place);
        }
    }

    /// @notice Reverts unless the set of a slot has no order of this sequence.
    function noOrder(SlotHeader calldata header, OrderGap calldata gap, uint64 sequence) internal pure {
        (bool needsLeft, bool needsRight) = needs(gap.place, gap.left.index, gap.right.index, header.orderCount);
        if (needsLeft) {
            order(header, gap.left);
            if (gap.left.leaf.sequence >= sequence) revert NoGap(gap.place);
        }
        if (needsRight) {
            order(header, gap.right);
            if (gap.right.leaf.sequence <= sequence) revert NoGap(gap.place);
        }
    }

    /// @notice Reverts unless a side has no tier at this price.
    function noTier(SlotHeader calldata header, TierGap calldata gap, uint8 side, uint64 price) internal pure {
        uint32 tiers = tiersOf(header, side);
        // Behind the last tier stands a sentinel, which is as good a neighbour as any: there is no place behind the last one.
        (bool needsLeft, bool needsRight) = needs(gap.place, gap.left.index, gap.right.index, type(uint256).max);
        if (needsLeft) {
            tier(header, gap.left);
            if (gap.left.side != side || gap.left.index >= tiers || !isBetter(side, gap.left.tier.price, price)) revert NoGap(gap.place);
        }
        if (needsRight) {
            tier(header, gap.right);
            bool isSentinel = gap.right.index == tiers;
            if (gap.right.side != side || !(isSentinel || isBetter(side, price, gap.right.tier.price))) revert NoGap(gap.place);
        }
    }

    /// @notice Reverts unless a tier has no order of this sequence.
    function noFillOf(bytes32 root, FillGap calldata gap, uint64 sequence) internal pure {
        if (gap.place == BEFORE_FIRST) {
            fillIn(root, gap.right, 0, gap.rightPath);
            if (gap.right.sequence <= sequence) revert NoGap(gap.place);
            return;
        }
        if (gap.place != BETWEEN && gap.place != BEHIND_LAST) revert NoGap(gap.place);
        fillIn(root, gap.left, gap.index, gap.leftPath);
        if (gap.left.sequence >= sequence) revert NoGap(gap.place);
        uint256 next = uint256(gap.index) + 1;
        if (gap.place == BEHIND_LAST && next == fillLeaves(gap.leftPath)) return;
        // Neighbours have paths of one length, else they are none.
        if (gap.rightPath.length != gap.leftPath.length) revert NoGap(gap.place);
        if (gap.place == BEHIND_LAST) {
            noFill(root, next, gap.rightPath);
            return;
        }
        fillIn(root, gap.right, next, gap.rightPath);
        if (gap.right.sequence <= sequence) revert NoGap(gap.place);
    }

    /// @notice Whether a row stands before this account, slot and meter.
    function isBefore(Row calldata one, address account, uint64 slot, bytes32 meter) internal pure returns (bool) {
        if (one.account != account) return one.account < account;
        if (one.slot != slot) return one.slot < slot;
        return one.meter < meter;
    }

    function isAt(Row calldata one, address account, uint64 slot, bytes32 meter) internal pure returns (bool) {
        return one.account == account && one.slot == slot && one.meter == meter;
    }

    /// @notice Whether a price of this side is served before another.
    function isBetter(uint8 side, uint64 price, uint64 other) internal pure returns (bool) {
        return side == MarketTypes.BUY ? price > other : price < other;
    }

    function _same(bytes32 found, bytes32 expected) private pure {
        if (found != expected) revert NotThere(found, expected);
    }
}
