// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Certificate, MarketTypes, Params, SideCertificate, SlotHeader, Tier} from "./MarketTypes.sol";

/// @title Checks paths in a market's trees, and that a slot's volume and prices follow from its two tier trees.
/// @notice All trees are perfect: with n leaves a path has exactly ceil(log2(n)) levels, and bit k of the index says on which side of level k the
/// node is. Where nodes carry sums, a node commits to both of its children's sums, so that no part can be swapped for another of the same total,
/// and the sums of the left siblings are what stands before a leaf.
/// @dev A path is packed bytes from the leaf upwards: the sibling's hash, then its sums. A function that finds a path of the wrong length, an index outside the tree
/// or a sum that does not fit reverts; otherwise it returns the root that the path leads to, and the caller compares. Sums of siblings are believed only
/// together with the root: a subtree that lies about its sum has no leaf that can be opened.
library MarketProof {
    /// @notice A tree of this many leaves needs a path of another length, in bytes.
    error WrongPathLength(uint256 found, uint256 expected);
    /// @notice There is no such leaf.
    error IndexOutsideTree(uint256 index, uint256 leaves);
    /// @notice A sum is wider than its field.
    error SumTooLarge(uint256 sum);
    /// @notice The path leads to another root than the header's.
    error WrongRoot(bytes32 found, bytes32 expected);

    /// @notice Behind the last tier stands something else than a sentinel.
    error NotSentinel(uint256 index);
    /// @notice A tier has no quantity.
    error EmptyTier(uint256 index);
    /// @notice The volume does not end in this tier: it must be more than `before` and at most `before + quantity`.
    error VolumeNotInTier(uint256 volumeWh, uint256 beforeWh, uint256 quantityWh);
    /// @notice A tier's price is not worse than the one before it.
    error TiersNotSorted(uint256 price, uint256 nextPrice);
    /// @notice A bid was matched with an ask that it does not pay.
    error BidBelowAsk(uint256 bid, uint256 ask);
    /// @notice This bid and this ask would trade more.
    error NotMaximal(uint256 bid, uint256 ask);
    error AboveLineLimit(uint256 volumeWh, uint256 lineLimitWh);
    error WrongPrices(uint256 priceBuy, uint256 priceSell, uint256 expectedBuy, uint256 expectedSell);
    /// @notice In a market at one price every order stands in the same tier, at that price.
    error NotAtMidPrice(uint256 tiers, uint256 price, uint256 midPrice);
    error PriceOutOfBand(uint256 price, uint256 least, uint256 most);

    uint256 internal constant PLAIN_LEVEL = 32;
    uint256 internal constant TIER_LEVEL = 40;
    uint256 internal constant FILL_LEVEL = 48;
    uint256 internal constant BALANCE_LEVEL = 64;

    // ---- paths ----

    /// @notice Depth of the tree over n leaves: ceil(log2(max(n, 1))).
    function depthOf(uint256 n) internal pure returns (uint256 depth) {
        if (n < 2) return 0;
        // floor(log2(n − 1)) + 1, by halving the width.
        uint256 rest = n - 1;
        unchecked {
            if (rest >> 128 != 0) (rest, depth) = (rest >> 128, depth + 128);
            if (rest >> 64 != 0) (rest, depth) = (rest >> 64, depth + 64);
            if (rest >> 32 != 0) (rest, depth) = (rest >> 32, depth + 32);
            if (rest >> 16 != 0) (rest, depth) = (rest >> 16, depth + 16);
            if (rest >> 8 != 0) (rest, depth) = (rest >> 8, depth + 8);
            if (rest >> 4 != 0) (rest, depth) = (rest >> 4, depth + 4);
            if (rest >> 2 != 0) (rest, depth) = (rest >> 2, depth + 2);
            if (rest >> 1 != 0) depth += 1;
            depth += 1;
        }
    }

    /// @dev `leaves` counts what may be opened, sentinels included where a caller means them. Padding is never opened.
    function _checkShape(uint256 index, uint256 leaves, uint256 length, uint256 level) private pure {
        if (index >= leaves) revert IndexOutsideTree(index, leaves);
        uint256 expected = depthOf(leaves) * level;
        if (length != expected) revert WrongPathLength(length, expected);
    }

    /// @notice The root above a leaf of a plain tree.
    function plainRoot(bytes32 leaf, uint256 index, uint256 leaves, bytes calldata path) internal pure returns (bytes32 root) {
        _checkShape(index, leaves, path.length, PLAIN_LEVEL);
        assembly ("memory-safe") {
            // 0x01 ‖ left ‖ right, 65 bytes beyond the free memory pointer: scratch space that nothing outlives.
            let message := mload(0x40)
            mstore8(message, 0x01)
            root := leaf
            let end := add(path.offset, path.length)
            for { let next := path.offset } lt(next, end) { next := add(next, 32) } {
                let side := shl(5, and(index, 1))
                mstore(add(add(message, 1), side), root)
                mstore(sub(add(message, 33), side), calldataload(next))
                root := keccak256(message, 65)
                index := shr(1, index)
            }
        }
    }

    /// @notice The root above a leaf of a tier tree, the Wh that stand before it, and the Wh of the whole tree.
    function tierRoot(bytes32 leaf, uint256 quantityWh, uint256 index, uint256 leaves, bytes calldata path)
        internal
        pure
        returns (bytes32 root, uint256 beforeWh, uint256 totalWh)
    {
        _checkShape(index, leaves, path.length, TIER_LEVEL);
        assembly ("memory-safe") {
            // 0x02 ‖ hash ‖ u64 ‖ hash ‖ u64, 81 bytes. A sum is written as a word, so the left half goes first and the right one over what spills.
            let message := mload(0x40)
            mstore8(message, 0x02)
            root := leaf
            totalWh := quantityWh
            let end := add(path.offset, path.length)
            for { let next := path.offset } lt(next, end) { next := add(next, 40) } {
                let siblingWh := shr(192, calldataload(add(next, 32)))
                switch and(index, 1)
                case 0 {
                    mstore(add(message, 1), root)
                    mstore(add(message, 33), shl(192, totalWh))
                    calldatacopy(add(message, 41), next, 40)
                }
                default {
                    calldatacopy(add(message, 1), next, 40)
                    mstore(add(message, 41), root)
                    mstore(add(message, 73), shl(192, totalWh))
                    beforeWh := add(beforeWh, siblingWh)
                }
                root := keccak256(message, 81)
                // Sums only grow on the way up, so that one look at the last finds any that was cut off.
                totalWh := add(totalWh, siblingWh)
                index := shr(1, index)
            }
        }
        if (totalWh >> 64 != 0) revert SumTooLarge(totalWh);
    }

    /// @notice What stands before a leaf of a fill tree, and what the whole tree holds, in Wh.
    struct FillSums {
        uint256 quantityBeforeWh;
        uint256 fillBeforeWh;
        uint256 quantityTotalWh;
        uint256 fillTotalWh;
    }

    /// @notice The root above a leaf of a fill tree, and its sums.
    function fillRoot(bytes32 leaf, uint64 quantityWh, uint64 fillWh, uint256 index, uint256 leaves, bytes calldata path)
        internal
        pure
        returns (bytes32 root, FillSums memory sums)
    {
        _checkShape(index, leaves, path.length, FILL_LEVEL);
        root = leaf;
        (sums.quantityTotalWh, sums.fillTotalWh) = (quantityWh, fillWh);
        for (uint256 next = 0; next < path.length; next += FILL_LEVEL) {
            bytes32 sibling = bytes32(path[next:]);
            uint64 siblingQuantity = uint64(bytes8(path[next + 32:]));
            uint64 siblingFill = uint64(bytes8(path[next + 40:]));
            uint64 quantity = _fits(sums.quantityTotalWh);
            uint64 filled = _fits(sums.fillTotalWh);
            if (index & 1 == 0) {
                root = keccak256(abi.encodePacked(MarketTypes.FILL_NODE, root, quantity, filled, sibling, siblingQuantity, siblingFill));
            } else {
                root = keccak256(abi.encodePacked(MarketTypes.FILL_NODE, sibling, siblingQuantity, siblingFill, root, quantity, filled));
                sums.quantityBeforeWh += siblingQuantity;
                sums.fillBeforeWh += siblingFill;
            }
            sums.quantityTotalWh += siblingQuantity;
            sums.fillTotalWh += siblingFill;
            index >>= 1;
        }
        _fits(sums.quantityTotalWh);
        _fits(sums.fillTotalWh);
    }

    function _fits(uint256 sum) private pure returns (uint64) {
        if (sum >> 64 != 0) revert SumTooLarge(sum);
        return uint64(sum);
    }

    /// @notice The root above a leaf of a balance tree, and the sums of the whole tree in nano-currency.
    function balanceRoot(bytes32 leaf, int128 cumNano, uint256 index, uint256 leaves, bytes calldata path)
        internal
        pure
        returns (bytes32 root, uint256 credit, uint256 debit)
    {
        _checkShape(index, leaves, path.length, BALANCE_LEVEL);
        (credit, debit) = MarketTypes.creditDebit(cumNano);
        assembly ("memory-safe") {
            // 0x05 ‖ hash ‖ u128 ‖ u128 ‖ hash ‖ u128 ‖ u128, 129 bytes: the two sums fill a word.
            let message := mload(0x40)
            mstore8(message, 0x05)
            root := leaf
            let end := add(path.offset, path.length)
            for { let next := path.offset } lt(next, end) { next := add(next, 64) } {
                let sums := calldataload(add(next, 32))
                let side := shl(6, and(index, 1))
                let own := add(add(message, 1), side)
                let other := sub(add(message, 65), side)
                mstore(own, root)
                mstore(add(own, 32), or(shl(128, credit), debit))
                mstore(other, calldataload(next))
                mstore(add(other, 32), sums)
                root := keccak256(message, 129)
                // A debit that outgrows its field would run into the credit beside it; the look at the end finds that, since sums only grow.
                credit := add(credit, shr(128, sums))
                debit := add(debit, and(sums, 0xffffffffffffffffffffffffffffffff))
                index := shr(1, index)
            }
        }
        if (credit >> 128 != 0) revert SumTooLarge(credit);
        if (debit >> 128 != 0) revert SumTooLarge(debit);
    }

    // ---- the clearing certificate ----

    /// @notice Reverts unless volume and prices of the header are those of the auction over its two tier trees. [agent/trade/clear.ts, pricesOf]
    /// @dev Opens at most two neighbouring tiers a side. What it takes from the trees without looking, because it is not at the margin, a court can be shown to be
    /// false: that all tiers are sorted, that their sums are those of their orders, and that the orders are the right ones.
    function checkClearing(SlotHeader calldata header, Certificate calldata certificate, Params memory params) internal pure {
        if (params.pricing == MarketTypes.MIDMARKET) {
            uint256 most = header.bidTiers > header.askTiers ? header.bidTiers : header.askTiers;
            if (most > 1) revert NotAtMidPrice(most, 0, _midPrice(params));
        }
        if (header.volumeWh == 0) {
            _checkNothingTraded(header, certificate);
            return;
        }
        if (params.lineLimitWh != 0 && header.volumeWh > params.lineLimitWh) {
            revert AboveLineLimit(header.volumeWh, params.lineLimitWh);
        }

        (uint256 bid, uint256 openBid, bool hasOpenBid) = _margin(header.volumeWh, header.bidTiers, header.bidRoot, certificate.bids, true);
        (uint256 ask, uint256 openAsk, bool hasOpenAsk) = _margin(header.volumeWh, header.askTiers, header.askRoot, certificate.asks, false);
        if (bid < ask) revert BidBelowAsk(bid, ask);

        // Only a line that is full stops a bid and an ask that suit each other.
        bool both = hasOpenBid && hasOpenAsk;
        if (both && openBid >= openAsk && header.volumeWh != params.lineLimitWh) revert NotMaximal(openBid, openAsk);

        uint256 priceBuy;
        uint256 priceSell;
        if (both && openBid > openAsk) {
            // No price suits all who were served and none who was not. The difference is the line's rent.
            (priceBuy, priceSell) = (openBid, openAsk);
        } else {
            uint256 low = hasOpenBid && openBid > ask ? openBid : ask;
            uint256 high = hasOpenAsk && openAsk < bid ? openAsk : bid;
            // low ≤ high: openBid ≤ bid and ask ≤ openAsk because tiers are sorted, ask ≤ bid, and openBid ≤ openAsk where both are there.
            priceBuy = low + (high - low) / 2;
            priceSell = priceBuy;
        }
        if (header.priceBuy != priceBuy || header.priceSell != priceSell) {
            revert WrongPrices(header.priceBuy, header.priceSell, priceBuy, priceSell);
        }
        _checkBand(priceBuy, priceSell, params);
    }

    function _checkBand(uint256 priceBuy, uint256 priceSell, Params memory params) private pure {
        uint256 least = params.feedInMicroPerKwh;
        uint256 most = params.retailMicroPerKwh - params.gridFeeMicroPerKwh;
        if (params.pricing == MarketTypes.MIDMARKET) {
            uint256 mid = _midPrice(params);
            if (priceBuy != mid) revert NotAtMidPrice(1, priceBuy, mid);
            if (priceSell != mid) revert NotAtMidPrice(1, priceSell, mid);
        }
        // Buyers never pay less than sellers get.
        if (priceSell < least) revert PriceOutOfBand(priceSell, least, most);
        if (priceBuy > most) revert PriceOutOfBand(priceBuy, least, most);
    }

    /// @dev F + floor((R − g − F) / 2). [agent/trade/tariff.ts, midPrice]
    function _midPrice(Params memory params) private pure returns (uint256) {
        uint256 least = params.feedInMicroPerKwh;
        return least + (params.retailMicroPerKwh - params.gridFeeMicroPerKwh - least) / 2;
    }

    /// @dev Nothing is traded: there are no bids, or no asks, or the best bid does not pay the best ask.
    function _checkNothingTraded(SlotHeader calldata header, Certificate calldata certificate) private pure {
        if (header.priceBuy != 0 || header.priceSell != 0) revert WrongPrices(header.priceBuy, header.priceSell, 0, 0);
        (uint256 bid,) = _open(0, header.bidTiers, header.bidRoot, certificate.bids.last, certificate.bids.lastPath, true);
        (uint256 ask,) = _open(0, header.askTiers, header.askRoot, certificate.asks.last, certificate.asks.lastPath, false);
        if (header.bidTiers != 0 && header.askTiers != 0 && bid >= ask) revert NotMaximal(bid, ask);
    }

    /// @dev Price of the last tier of a side that got something, and of the first that did not get all, if that is not a sentinel.
    function _margin(uint256 volumeWh, uint256 tiers, bytes32 root, SideCertificate calldata side, bool isBids)
        private
        pure
        returns (uint256 lastPrice, uint256 openPrice, bool hasOpen)
    {
        uint256 index = side.index;
        if (index >= tiers) revert IndexOutsideTree(index, tiers);
        uint256 beforeWh;
        (lastPrice, beforeWh) = _open(index, tiers, root, side.last, side.lastPath, isBids);
        uint256 quantityWh = side.last.quantityWh;
        if (volumeWh <= beforeWh || volumeWh > beforeWh + quantityWh) {
            revert VolumeNotInTier(volumeWh, beforeWh, quantityWh);
        }
        // Served in part: it is itself the first that did not get all.
        if (volumeWh < beforeWh + quantityWh) return (lastPrice, lastPrice, true);

        // That the next tier begins where this one ends needs no look: both paths meet in a node that commits to both sums.
        (openPrice,) = _open(index + 1, tiers, root, side.next, side.nextPath, isBids);
        hasOpen = index + 1 < tiers;
        if (hasOpen && (isBids ? openPrice >= lastPrice : openPrice <= lastPrice)) {
            revert TiersNotSorted(lastPrice, openPrice);
        }
    }

    /// @dev Opens one tier, or the sentinel behind the last.
    function _open(uint256 index, uint256 tiers, bytes32 root, Tier calldata tier, bytes calldata path, bool isBids)
        private
        pure
        returns (uint256 price, uint256 beforeWh)
    {
        price = tier.price;
        uint256 quantityWh = tier.quantityWh;
        if (index < tiers) {
            if (quantityWh == 0) revert EmptyTier(index);
        } else if (quantityWh != 0 || tier.ordersRoot != 0 || price != (isBids ? 0 : MarketTypes.ASK_SENTINEL_PRICE)) {
            revert NotSentinel(index);
        }
        bytes32 found;
        (found, beforeWh,) = tierRoot(MarketTypes.leaf(tier), quantityWh, index, tiers + 1, path);
        if (found != root) revert WrongRoot(found, root);
    }
}
