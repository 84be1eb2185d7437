// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Certificate, SideCertificate, SlotHeader, Tier} from "../../contracts/MarketTypes.sol";
import {MarketTree} from "./MarketTree.sol";

/// @notice Clears tiers by walking down both sides, as agent/trade/clear.ts does, and makes header and certificate of it.
library MarketAuction {
    struct Walk {
        uint256 volume;
        uint256 bidAt;
        uint256 bidGot;
        uint256 askAt;
        uint256 askGot;
        uint256 bidLast;
        uint256 askLast;
    }

    function walkDown(Tier[] memory bids, Tier[] memory asks, uint256 limit) internal pure returns (Walk memory walk) {
        while (walk.volume < limit && walk.bidAt < bids.length && walk.askAt < asks.length) {
            if (bids[walk.bidAt].price < asks[walk.askAt].price) break;
            uint256 matched = bids[walk.bidAt].quantityWh - walk.bidGot;
            uint256 left = asks[walk.askAt].quantityWh - walk.askGot;
            if (left < matched) matched = left;
            if (limit - walk.volume < matched) matched = limit - walk.volume;
            walk.volume += matched;
            walk.bidGot += matched;
            walk.askGot += matched;
            walk.bidLast = walk.bidAt;
            walk.askLast = walk.askAt;
            if (walk.bidGot == bids[walk.bidAt].quantityWh) (walk.bidAt, walk.bidGot) = (walk.bidAt + 1, 0);
            if (walk.askGot == asks[walk.askAt].quantityWh) (walk.askAt, walk.askGot) = (walk.askAt + 1, 0);
        }
    }

    /// @notice Prices of buyers and sellers; zero if nothing is traded.
    function pricesOf(Walk memory walk, Tier[] memory bids, Tier[] memory asks) internal pure returns (uint64 buy, uint64 sell) {
        if (walk.volume == 0) return (0, 0);
        bool hasBid = walk.bidAt < bids.length;
        bool hasAsk = walk.askAt < asks.length;
        if (hasBid && hasAsk && bids[walk.bidAt].price > asks[walk.askAt].price) {
            return (bids[walk.bidAt].price, asks[walk.askAt].price);
        }
        uint64 low = asks[walk.askLast].price;
        uint64 high = bids[walk.bidLast].price;
        if (hasBid && bids[walk.bidAt].price > low) low = bids[walk.bidAt].price;
        if (hasAsk && asks[walk.askAt].price < high) high = asks[walk.askAt].price;
        buy = low + (high - low) / 2;
        sell = buy;
    }

    /// @notice Header and certificate of a slot. `header` brings what does not follow from the tiers.
    function certify(SlotHeader memory header, Tier[] memory bids, Tier[] memory asks, uint256 limit)
        internal
        pure
        returns (SlotHeader memory, Certificate memory certificate)
    {
        Walk memory walk = walkDown(bids, asks, limit == 0 ? type(uint256).max : limit);
        (header.priceBuy, header.priceSell) = pricesOf(walk, bids, asks);
        header.volumeWh = uint64(walk.volume);
        header.bidTiers = uint32(bids.length);
        header.askTiers = uint32(asks.length);
        (header.bidRoot, certificate.bids) = side(bids, walk.bidLast, walk.volume != 0 && walk.bidAt > walk.bidLast, true);
        (header.askRoot, certificate.asks) = side(asks, walk.askLast, walk.volume != 0 && walk.askAt > walk.askLast, false);
        return (header, certificate);
    }

    function side(Tier[] memory tiers, uint256 index, bool withNext, bool isBids)
        internal
        pure
        returns (bytes32 root, SideCertificate memory opened)
    {
        (MarketTree.Node[] memory nodes, MarketTree.Node memory sentinel) = MarketTree.tierLeaves(tiers, isBids);
        MarketTree.Node memory top;
        opened.index = uint32(index);
        opened.last = index < tiers.length ? tiers[index] : MarketTree.sentinelOf(isBids);
        (top, opened.lastPath) = MarketTree.walk(MarketTree.TIER, nodes, sentinel, index);
        if (withNext) {
            opened.next = index + 1 < tiers.length ? tiers[index + 1] : MarketTree.sentinelOf(isBids);
            (, opened.nextPath) = MarketTree.walk(MarketTree.TIER, nodes, sentinel, index + 1);
        }
        root = top.hash;
    }
}
