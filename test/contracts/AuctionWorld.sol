// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AllowanceAuction} from "../../contracts/AllowanceAuction.sol";
import {RoundClearing} from "../../contracts/IAllowanceAuction.sol";
import {Check} from "./Check.sol";
import {TestAllowances} from "./TestAllowances.sol";
import {TestToken} from "./TestToken.sol";

/// @notice An auction with traders, and a clearing made the plain way: every price is tried, nothing is walked.
abstract contract AuctionWorld is Check {
    uint64 internal constant START = 1_800_000_000;
    uint256 internal constant PERIOD = 7;
    uint256 internal constant MG = 1_000_000;
    uint8 internal constant BUY = 1;
    uint8 internal constant SELL = 2;

    AllowanceAuction internal _auction;
    TestAllowances internal _allowances;
    TestToken internal _currency;

    function _build(TestToken currency) internal {
        vm.warp(START);
        _currency = currency;
        _allowances = new TestAllowances();
        _auction = new AllowanceAuction(_allowances, IERC20(address(currency)));
    }

    function _open() internal returns (uint256) {
        return _auction.openRound(PERIOD, uint64(block.timestamp + 1 days), uint64(block.timestamp + 3 days), 1, 1);
    }

    function _buy(uint256 round, address trader, uint32 lots, uint64 limit) internal returns (uint256 place) {
        uint256 nano = uint256(lots) * limit;
        uint256 units = (nano + _auction.nanoPerUnit() - 1) / _auction.nanoPerUnit();
        _currency.mint(trader, units);
        // Some tokens answer nothing.
        vm.prank(trader);
        (bool isApproved,) = address(_currency).call(abi.encodeCall(IERC20.approve, (address(_auction), units)));
        expect(isApproved, "approved");
        vm.prank(trader);
        return _auction.buy(round, lots, limit);
    }

    function _sell(uint256 round, address trader, uint32 lots, uint64 limit) internal returns (uint256 place) {
        _allowances.mint(trader, PERIOD, lots * MG);
        vm.prank(trader);
        _allowances.approve(address(_auction), PERIOD, lots * MG);
        vm.prank(trader);
        return _auction.sell(round, lots, limit);
    }

    // ---- the plain clearing ----

    function _lots(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 64);
    }

    function _limit(uint256 word) internal pure returns (uint256) {
        return uint64(word);
    }

    function _accepts(uint8 side, uint256 word, uint256 price) internal pure returns (bool) {
        return side == BUY ? _limit(word) >= price : _limit(word) <= price;
    }

    /// @dev Lots of a side that suit a price.
    function _depth(uint8 side, uint256[] memory words, uint256 price) internal pure returns (uint256 lots) {
        for (uint256 i = 0; i < words.length; ++i) {
            if (_accepts(side, words[i], price)) lots += _lots(words[i]);
        }
    }

    /// @dev One side while it is dealt to. @param served The worst limit that got something. @param unserved The best that did not get all; 0 if all did.
    struct Plain {
        uint256 round;
        uint8 side;
        bytes32 seed;
        uint256[] words;
        uint256[] got;
        uint256 served;
        uint256 unserved;
    }

    function _plainClearing(uint256 round) internal view returns (RoundClearing memory clearing) {
        (uint256[] memory bids, uint256[] memory asks) = _auction.bookOf(round);
        uint256 volume = _plainVolume(bids, asks);
        bytes32 seed = keccak256(abi.encodePacked(block.chainid, uint256(uint160(address(_auction))), round, bids.length, bids, asks));
        Plain memory buying = _dealt(round, BUY, seed, bids, volume);
        Plain memory selling = _dealt(round, SELL, seed, asks, volume);
        clearing.volume = uint64(volume);
        clearing.bidOrder = _sorted(BUY, bids);
        clearing.askOrder = _sorted(SELL, asks);
        clearing.bidFills = _packed(buying.got);
        clearing.askFills = _packed(selling.got);
        if (volume == 0) return clearing;
        // The middle between what binds from below (served asks, bids that did not get all) and from above.
        uint256 low = buying.unserved > selling.served ? buying.unserved : selling.served;
        uint256 high = selling.unserved != 0 && selling.unserved < buying.served ? selling.unserved : buying.served;
        clearing.price = uint64((low + high) / 2);
    }

    /// @dev The most over all limits that stand: between two limits nothing changes.
    function _plainVolume(uint256[] memory bids, uint256[] memory asks) private pure returns (uint256 volume) {
        for (uint256 i = 0; i < bids.length + asks.length; ++i) {
            uint256 price = _limit(i < bids.length ? bids[i] : asks[i - bids.length]);
            uint256 demand = _depth(BUY, bids, price);
            uint256 supply = _depth(SELL, asks, price);
            uint256 traded = demand < supply ? demand : supply;
            if (traded > volume) volume = traded;
        }
    }

    function _packed(uint256[] memory got) private pure returns (bytes memory fills) {
        for (uint256 i = 0; i < got.length; ++i) {
            fills = abi.encodePacked(fills, uint32(got[i]));
        }
    }

    function _dealt(uint256 round, uint8 side, bytes32 seed, uint256[] memory words, uint256 volume)
        private
        view
        returns (Plain memory plain)
    {
        (plain.round, plain.side, plain.seed, plain.words) = (round, side, seed, words);
        plain.got = new uint256[](words.length);
        uint256 left = volume;
        while (left != 0) {
            plain.served = _nextLimit(plain);
            left -= _deal(plain, left);
        }
        for (uint256 i = 0; i < words.length; ++i) {
            if (plain.got[i] == _lots(words[i])) continue;
            uint256 limit = _limit(words[i]);
            if (plain.unserved == 0 || (side == BUY ? limit > plain.unserved : limit < plain.unserved)) plain.unserved = limit;
        }
    }

    /// @dev The best limit behind the one that was served last.
    function _nextLimit(Plain memory plain) private pure returns (uint256 best) {
        for (uint256 i = 0; i < plain.words.length; ++i) {
            uint256 limit = _limit(plain.words[i]);
            if (plain.served != 0 && (plain.side == BUY ? limit >= plain.served : limit <= plain.served)) continue;
            if (best == 0 || (plain.side == BUY ? limit > best : limit < best)) best = limit;
        }
    }

    /// @dev Deals to all of one limit, the rest lot by lot to whoever is next.
    function _deal(Plain memory plain, uint256 left) private view returns (uint256 part) {
        uint256 total;
        for (uint256 i = 0; i < plain.words.length; ++i) {
            if (_limit(plain.words[i]) == plain.served) total += _lots(plain.words[i]);
        }
        part = left < total ? left : total;
        uint256 rest = part;
        bool[] memory waits = new bool[](plain.words.length);
        for (uint256 i = 0; i < plain.words.length; ++i) {
            if (_limit(plain.words[i]) != plain.served) continue;
            waits[i] = true;
            plain.got[i] = part * _lots(plain.words[i]) / total;
            rest -= plain.got[i];
        }
        for (; rest != 0; --rest) {
            uint256 next = _nextInLine(plain, waits, part, total);
            waits[next] = false;
            plain.got[next] += 1;
        }
    }

    function _nextInLine(Plain memory plain, bool[] memory waits, uint256 part, uint256 total) private view returns (uint256 best) {
        best = type(uint256).max;
        uint256 bestRemainder;
        bytes32 bestKey;
        for (uint256 i = 0; i < waits.length; ++i) {
            if (!waits[i]) continue;
            uint256 remainder = part * _lots(plain.words[i]) % total;
            bytes32 key = keccak256(abi.encode(plain.seed, _auction.orderHash(plain.round, plain.side, i, plain.words[i])));
            if (best != type(uint256).max && (remainder < bestRemainder || (remainder == bestRemainder && key > bestKey))) continue;
            (best, bestRemainder, bestKey) = (i, remainder, key);
        }
    }

    /// @dev Places by rank, the last among equals first, which the contract does not mind.
    function _sorted(uint8 side, uint256[] memory words) private pure returns (bytes memory sorted) {
        sorted = new bytes(words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 rank;
            for (uint256 j = 0; j < words.length; ++j) {
                (uint256 a, uint256 b) = (_limit(words[i]), _limit(words[j]));
                if ((side == BUY ? b > a : b < a) || (a == b && j > i)) ++rank;
            }
            sorted[rank] = bytes1(uint8(i));
        }
    }
}
