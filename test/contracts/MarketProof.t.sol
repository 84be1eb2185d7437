// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MarketProof} from "../../contracts/MarketProof.sol";
import {Balance, Certificate, Fill, MarketTypes, OrderLeaf, Params, Row, SlotHeader, Tier} from "../../contracts/MarketTypes.sol";
import {Check} from "./Check.sol";
import {MarketAuction} from "./MarketAuction.sol";
import {MarketTree} from "./MarketTree.sol";

/// @notice MarketProof as a contract, so that tests can hand it calldata and see it revert.
contract MarketProofHarness {
    function depthOf(uint256 n) external pure returns (uint256) {
        return MarketProof.depthOf(n);
    }

    function plainRoot(bytes32 leaf, uint256 index, uint256 leaves, bytes calldata path) external pure returns (bytes32) {
        return MarketProof.plainRoot(leaf, index, leaves, path);
    }

    function tierRoot(bytes32 leaf, uint256 quantityWh, uint256 index, uint256 leaves, bytes calldata path)
        external
        pure
        returns (bytes32, uint256, uint256)
    {
        return MarketProof.tierRoot(leaf, quantityWh, index, leaves, path);
    }

    function fillRoot(bytes32 leaf, uint64 quantityWh, uint64 fillWh, uint256 index, uint256 leaves, bytes calldata path)
        external
        pure
        returns (bytes32, MarketProof.FillSums memory)
    {
        return MarketProof.fillRoot(leaf, quantityWh, fillWh, index, leaves, path);
    }

    function balanceRoot(bytes32 leaf, int128 cumNano, uint256 index, uint256 leaves, bytes calldata path)
        external
        pure
        returns (bytes32, uint256, uint256)
    {
        return MarketProof.balanceRoot(leaf, cumNano, index, leaves, path);
    }

    function checkClearing(SlotHeader calldata header, Certificate calldata certificate, Params calldata params) external pure {
        MarketProof.checkClearing(header, certificate, params);
    }
}

/// @notice Paths and certificates against trees and auctions that are worked out the slow way.
contract MarketProofTest is Check {
    MarketProofHarness private _proof;

    function setUp() external {
        _proof = new MarketProofHarness();
    }

    // ---- trees ----

    function test_depths() external view {
        uint256[10] memory counts = [uint256(0), 1, 2, 3, 4, 5, 8192, 8193, 1 << 32, (1 << 32) + 1];
        uint256[10] memory depths = [uint256(0), 0, 1, 2, 2, 3, 13, 14, 32, 33];
        for (uint256 i = 0; i < counts.length; ++i) {
            expectUint(_proof.depthOf(counts[i]), depths[i], "the depth");
        }
    }

    function _nodes(uint256 seed, uint256 count, uint256 most) private pure returns (MarketTree.Node[] memory nodes) {
        nodes = new MarketTree.Node[](count);
        for (uint256 i = 0; i < count; ++i) {
            bytes32 one = keccak256(abi.encode(seed, i));
            nodes[i] = MarketTree.Node(one, uint256(keccak256(abi.encode(one, 1))) % most, uint256(keccak256(abi.encode(one, 2))) % most);
        }
    }

    function _before(MarketTree.Node[] memory nodes, uint256 index) private pure returns (uint256 first, uint256 second) {
        for (uint256 i = 0; i < index; ++i) {
            first += nodes[i].first;
            second += nodes[i].second;
        }
    }

    function testFuzz_plain_paths_lead_to_the_root(uint256 seed, uint256 count, uint256 index) external view {
        count = between(count, 1, 70);
        index = between(index, 0, count - 1);
        MarketTree.Node[] memory nodes = _nodes(seed, count, 1);
        MarketTree.Node memory pad;
        (MarketTree.Node memory root, bytes memory path) = MarketTree.walk(MarketTree.PLAIN, nodes, pad, index);
        expectBytes32(_proof.plainRoot(nodes[index].hash, index, count, path), root.hash, "the root");
    }

    function testFuzz_tier_paths_lead_to_the_root_and_tell_what_stands_before(uint256 seed, uint256 count, uint256 index) external view {
        count = between(count, 1, 70);
        index = between(index, 0, count - 1);
        MarketTree.Node[] memory nodes = _nodes(seed, count, 1 << 56);
        MarketTree.Node memory pad;
        (MarketTree.Node memory root, bytes memory path) = MarketTree.walk(MarketTree.TIER, nodes, pad, index);
        (bytes32 found, uint256 before, uint256 total) = _proof.tierRoot(nodes[index].hash, nodes[index].first, index, count, path);
        (uint256 expected,) = _before(nodes, index);
        expectBytes32(found, root.hash, "the root");
        expectUint(before, expected, "what stands before");
        expectUint(total, root.first, "the total");
    }

    function testFuzz_fill_paths_lead_to_the_root_and_tell_both_sums(uint256 seed, uint256 count, uint256 index) external view {
        count = between(count, 1, 70);
        index = between(index, 0, count - 1);
        MarketTree.Node[] memory nodes = _nodes(seed, count, 1 << 56);
        MarketTree.Node memory pad;
        (MarketTree.Node memory root, bytes memory path) = MarketTree.walk(MarketTree.FILL, nodes, pad, index);
        (bytes32 found, MarketProof.FillSums memory sums) =
            _proof.fillRoot(nodes[index].hash, uint64(nodes[index].first), uint64(nodes[index].second), index, count, path);
        (uint256 quantity, uint256 filled) = _before(nodes, index);
        expectBytes32(found, root.hash, "the root");
        expectUint(sums.quantityBeforeWh, quantity, "the quantity before");
        expectUint(sums.fillBeforeWh, filled, "the fill before");
        expectUint(sums.quantityTotalWh, root.first, "the quantity");
        expectUint(sums.fillTotalWh, root.second, "the fill");
    }

    function testFuzz_balance_paths_lead_to_the_root_and_tell_both_sums(uint256 seed, uint256 count, uint256 index) external view {
        count = between(count, 1, 70);
        index = between(index, 0, count - 1);
        Balance[] memory balances = new Balance[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 one = uint256(keccak256(abi.encode(seed, i)));
            balances[i] = Balance(address(uint160(one)), int128(int256(one)) >> 8, uint32(one), uint32(one >> 32));
        }
        MarketTree.Node memory pad;
        (MarketTree.Node memory root, bytes memory path) =
            MarketTree.walk(MarketTree.BALANCE, MarketTree.balanceLeaves(balances), pad, index);
        (bytes32 found, uint256 credit, uint256 debit) =
            _proof.balanceRoot(MarketTypes.leaf(balances[index]), balances[index].cumNano, index, count, path);
        expectBytes32(found, root.hash, "the root");
        expectUint(credit, root.first, "the credit");
        expectUint(debit, root.second, "the debit");
    }

    /// @notice Every single bit of a path, a leaf and an index counts.
    function test_a_flipped_bit_leads_elsewhere() external view {
        MarketTree.Node[] memory nodes = _nodes(7, 6, 1 << 40);
        MarketTree.Node memory pad;
        uint8[4] memory kinds = [MarketTree.PLAIN, MarketTree.TIER, MarketTree.FILL, MarketTree.BALANCE];
        for (uint256 k = 0; k < 4; ++k) {
            (MarketTree.Node memory root, bytes memory path) = MarketTree.walk(kinds[k], nodes, pad, 5);
            for (uint256 bit = 0; bit < path.length * 8; ++bit) {
                path[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
                expect(_rootBy(kinds[k], nodes[5], 5, path) != root.hash, "another root");
                path[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
            }
            for (uint256 other = 0; other < 5; ++other) {
                expect(_rootBy(kinds[k], nodes[5], other, path) != root.hash, "another place");
            }
        }
    }

    /// @dev Zero where the library refuses: sums that were made too large.
    function _rootBy(uint8 kind, MarketTree.Node memory node, uint256 index, bytes memory path) private view returns (bytes32 root) {
        bytes memory input;
        if (kind == MarketTree.PLAIN) input = abi.encodeCall(_proof.plainRoot, (node.hash, index, 6, path));
        if (kind == MarketTree.TIER) input = abi.encodeCall(_proof.tierRoot, (node.hash, node.first, index, 6, path));
        if (kind == MarketTree.FILL) {
            input = abi.encodeCall(_proof.fillRoot, (node.hash, uint64(node.first), uint64(node.second), index, 6, path));
        }
        if (kind == MarketTree.BALANCE) {
            input = abi.encodeCall(_proof.balanceRoot, (node.hash, int128(int256(node.first)), index, 6, path));
        }
        (bool answered, bytes memory answer) = address(_proof).staticcall(input);
        if (answered) root = abi.decode(answer, (bytes32));
    }

    function test_an_index_outside_and_a_path_of_another_length_are_refused() external {
        bytes memory path = new bytes(80);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.IndexOutsideTree.selector, 3, 3));
        _proof.tierRoot(0, 0, 3, 3, path);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.WrongPathLength.selector, 80, 120));
        _proof.tierRoot(0, 0, 3, 5, path);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.WrongPathLength.selector, 80, 40));
        _proof.tierRoot(0, 0, 1, 2, path);
    }

    function test_sums_beyond_their_fields_are_refused() external {
        bytes memory path = abi.encodePacked(bytes32("sibling"), type(uint64).max);
        _proof.tierRoot(0, 0, 0, 2, path);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.SumTooLarge.selector, 1 << 64));
        _proof.tierRoot(0, 1, 0, 2, path);
        path = abi.encodePacked(bytes32("sibling"), type(uint64).max, type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.SumTooLarge.selector, 1 << 64));
        _proof.fillRoot(0, 0, 1, 0, 2, path);
        path = abi.encodePacked(bytes32("sibling"), type(uint128).max, type(uint128).max);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.SumTooLarge.selector, 1 << 128));
        _proof.balanceRoot(0, -1, 0, 2, path);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.SumTooLarge.selector, 1 << 128));
        _proof.balanceRoot(0, 1, 0, 2, path);
    }

    function test_leaves_are_packed_as_the_specification_says() external pure {
        OrderLeaf memory order = OrderLeaf(7, bytes32(uint256(1)), bytes32(uint256(2)));
        expectBytes32(
            MarketTypes.leaf(order),
            keccak256(abi.encodePacked(uint8(0x10), uint64(7), bytes32(uint256(1)), bytes32(uint256(2)))),
            "an order"
        );
        Fill memory fill = Fill(1, bytes32(uint256(2)), bytes32(uint256(3)), 4, 5);
        expectBytes32(
            MarketTypes.leaf(fill),
            keccak256(abi.encodePacked(uint8(0x12), uint64(1), bytes32(uint256(2)), bytes32(uint256(3)), uint64(4), uint64(5))),
            "a fill"
        );
        Row memory row;
        row.account = address(0xa11ce);
        row.slot = 1_980_044;
        row.contractedWh = -800;
        row.netNano = -176_000_000;
        row.exportTo = 9;
        bytes memory bytes_ = abi.encodePacked(
            uint8(0x13), address(0xa11ce), uint64(1_980_044), bytes32(0), bytes32(0), int64(-800), int64(0), uint64(0), uint8(0)
        );
        bytes_ = abi.encodePacked(bytes_, uint48(0), uint48(0), uint48(0), uint48(9), int128(-176_000_000), int128(0));
        expectUint(bytes_.length, 174, "a row's length");
        expectBytes32(MarketTypes.leaf(row), keccak256(bytes_), "a row");
    }

    // ---- certificates ----

    function _params() private pure returns (Params memory params) {
        params.feedInMicroPerKwh = 80_000;
        params.retailMicroPerKwh = 300_000;
        params.gridFeeMicroPerKwh = 40_000;
        params.pricing = MarketTypes.AUCTION;
    }

    function _tiers(uint256 seed, uint256 count, bool isBids) private pure returns (Tier[] memory tiers) {
        tiers = new Tier[](count);
        // From the end of the band inwards: bids fall, asks rise.
        uint256 price = isBids ? 260_000 : 80_000;
        for (uint256 i = 0; i < count; ++i) {
            uint256 one = uint256(keccak256(abi.encode(seed, isBids, i)));
            uint256 step = 1 + one % 40_000;
            if (i > 0 || one & (1 << 200) != 0) {
                price = isBids ? price - step % (price - 80_000 + 1) : price + step % (260_000 - price + 1);
            }
            tiers[i] = Tier(uint64(price), uint64(1 + (one >> 64) % 5), bytes32(one));
            if (i > 0 && tiers[i].price == tiers[i - 1].price) return resizedTiers(tiers, i);
        }
    }

    function resizedTiers(Tier[] memory tiers, uint256 count) private pure returns (Tier[] memory some) {
        some = new Tier[](count);
        for (uint256 i = 0; i < count; ++i) {
            some[i] = tiers[i];
        }
    }

    function _certified(Tier[] memory bids, Tier[] memory asks, uint256 limit)
        private
        pure
        returns (SlotHeader memory header, Certificate memory certificate)
    {
        return MarketAuction.certify(header, bids, asks, limit);
    }

    /// @notice Whatever the book: what the auction gives is certified, and nothing beside it is.
    function testFuzz_the_auction_is_certified_and_nothing_else(uint256 seed, uint256 bidCount, uint256 askCount, uint256 limit) external {
        Tier[] memory bids = _tiers(seed, between(bidCount, 0, 9), true);
        Tier[] memory asks = _tiers(seed, between(askCount, 0, 9), false);
        Params memory params = _params();
        params.lineLimitWh = uint64(limit % 3 == 0 ? 1 + limit % 20 : 0);
        (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, params.lineLimitWh);
        _proof.checkClearing(header, certificate, params);
        _expectNoOtherPrices(header, bids, asks, params);

        // No other volume or price, whatever tiers are opened for it.
        for (uint256 change = 0; change < 6; ++change) {
            SlotHeader memory bent = _copy(header);
            if (change == 0) bent.priceBuy += 1;
            if (change == 1) bent.priceSell += 1;
            if (change == 2) bent.volumeWh += 1;
            if (change == 3 && header.volumeWh > 0) bent.volumeWh -= 1;
            if (change == 4 && header.priceBuy > 0) bent.priceBuy -= 1;
            if (change == 5 && header.priceSell > 0) bent.priceSell -= 1;
            if (keccak256(abi.encode(bent)) == keccak256(abi.encode(header))) continue;
            _expectRefused(bent, certificate, params);
            if (change == 2 || change == 3) _expectNoCertificate(bent, bids, asks, params);
        }
    }

    /// @dev Opens every pair of tiers as the last ones, and asks for the very prices that would follow from them.
    function _expectNoOtherPrices(SlotHeader memory header, Tier[] memory bids, Tier[] memory asks, Params memory params) private view {
        SlotHeader memory bent = _copy(header);
        Certificate memory certificate;
        for (uint256 b = 0; b < bids.length; ++b) {
            for (uint256 a = 0; a < asks.length; ++a) {
                (, certificate.bids) = MarketAuction.side(bids, b, true, true);
                (, certificate.asks) = MarketAuction.side(asks, a, true, false);
                (bent.priceBuy, bent.priceSell) = (1, 1);
                (bool taken, bytes memory problem) =
                    address(_proof).staticcall(abi.encodeCall(_proof.checkClearing, (bent, certificate, params)));
                expect(!taken, "refused");
                if (bytes4(problem) != MarketProof.WrongPrices.selector) continue;
                assembly ("memory-safe") {
                    // Behind the selector and the two prices that were asked for.
                    mstore(add(bent, 320), mload(add(problem, 100)))
                    mstore(add(bent, 352), mload(add(problem, 132)))
                }
                (taken,) = address(_proof).staticcall(abi.encodeCall(_proof.checkClearing, (bent, certificate, params)));
                expect(
                    !taken || (bent.priceBuy == header.priceBuy && bent.priceSell == header.priceSell), "other prices for the same volume"
                );
            }
        }
    }

    /// @dev Tries every pair of tiers as the last ones.
    function _expectNoCertificate(SlotHeader memory bent, Tier[] memory bids, Tier[] memory asks, Params memory params) private {
        Certificate memory certificate;
        for (uint256 b = 0; b < bids.length; ++b) {
            for (uint256 a = 0; a < asks.length; ++a) {
                (, certificate.bids) = MarketAuction.side(bids, b, true, true);
                (, certificate.asks) = MarketAuction.side(asks, a, true, false);
                _expectRefused(bent, certificate, params);
            }
        }
    }

    function _copy(SlotHeader memory header) private pure returns (SlotHeader memory) {
        return abi.decode(abi.encode(header), (SlotHeader));
    }

    function _expectRefused(SlotHeader memory header, Certificate memory certificate, Params memory params) private {
        (bool taken,) = address(_proof).call(abi.encodeCall(_proof.checkClearing, (header, certificate, params)));
        expect(!taken, "refused");
    }

    function _worked() private pure returns (Tier[] memory bids, Tier[] memory asks) {
        bids = new Tier[](2);
        bids[0] = Tier(240_000, 800, "C");
        bids[1] = Tier(180_000, 1201, "D, E");
        asks = new Tier[](2);
        asks[0] = Tier(100_000, 1000, "A");
        asks[1] = Tier(150_000, 500, "B");
    }

    function test_the_worked_example_clears_1500_Wh_at_180000() external view {
        (Tier[] memory bids, Tier[] memory asks) = _worked();
        (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, 0);
        expectUint(header.volumeWh, 1500, "volume");
        expectUint(header.priceBuy, 180_000, "price of buyers");
        expectUint(header.priceSell, 180_000, "price of sellers");
        _proof.checkClearing(header, certificate, _params());
    }

    function test_a_full_line_keeps_the_prices_apart() external {
        (Tier[] memory bids, Tier[] memory asks) = _worked();
        Params memory params = _params();
        params.lineLimitWh = 900;
        (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, 900);
        expectUint(header.priceBuy, 180_000, "price of buyers");
        expectUint(header.priceSell, 100_000, "price of sellers");
        _proof.checkClearing(header, certificate, params);

        // The same without the line, or with one that is wider, is not all that could be traded.
        params.lineLimitWh = 0;
        vm.expectRevert(abi.encodeWithSelector(MarketProof.NotMaximal.selector, 180_000, 100_000));
        _proof.checkClearing(header, certificate, params);
        params.lineLimitWh = 901;
        vm.expectRevert(abi.encodeWithSelector(MarketProof.NotMaximal.selector, 180_000, 100_000));
        _proof.checkClearing(header, certificate, params);
        params.lineLimitWh = 899;
        vm.expectRevert(abi.encodeWithSelector(MarketProof.AboveLineLimit.selector, 900, 899));
        _proof.checkClearing(header, certificate, params);
    }

    function test_nothing_traded_is_certified_only_if_nothing_could_be() external {
        (Tier[] memory bids, Tier[] memory asks) = _worked();
        SlotHeader memory header;
        Certificate memory certificate;
        (header.bidRoot, certificate.bids) = MarketAuction.side(bids, 0, false, true);
        (header.askRoot, certificate.asks) = MarketAuction.side(asks, 0, false, false);
        (header.bidTiers, header.askTiers) = (2, 2);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.NotMaximal.selector, 240_000, 100_000));
        _proof.checkClearing(header, certificate, _params());

        // A worse bid in the place of the best, or a side that is said to be empty.
        (, certificate.bids) = MarketAuction.side(bids, 1, false, true);
        certificate.bids.index = 0;
        _expectRefused(header, certificate, _params());
        header.bidTiers = 0;
        certificate.bids.last = MarketTree.sentinelOf(true);
        certificate.bids.lastPath = "";
        _expectRefused(header, certificate, _params());
    }

    function test_an_empty_book_is_certified() external {
        Tier[] memory none = new Tier[](0);
        (SlotHeader memory header, Certificate memory certificate) = _certified(none, none, 0);
        _proof.checkClearing(header, certificate, _params());
        header.priceBuy = 1;
        vm.expectRevert(abi.encodeWithSelector(MarketProof.WrongPrices.selector, 1, 0, 0, 0));
        _proof.checkClearing(header, certificate, _params());
        // An ask at nothing meets no bid, although the sentinel of the bids costs nothing too.
        Tier[] memory asks = new Tier[](1);
        asks[0] = Tier(0, 5, "free");
        (header, certificate) = _certified(none, asks, 0);
        _proof.checkClearing(header, certificate, _params());
    }

    function test_tiers_that_are_not_sorted_at_the_margin_are_refused() external {
        (Tier[] memory bids, Tier[] memory asks) = _worked();
        bids[0].quantityWh = 1500;
        bids[1].price = 250_000;
        SlotHeader memory header;
        Certificate memory certificate;
        (header.bidTiers, header.askTiers, header.volumeWh) = (2, 2, 1500);
        (header.bidRoot, certificate.bids) = MarketAuction.side(bids, 0, true, true);
        (header.askRoot, certificate.asks) = MarketAuction.side(asks, 1, true, false);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.TiersNotSorted.selector, 240_000, 250_000));
        _proof.checkClearing(header, certificate, _params());
    }

    function test_a_tier_in_the_place_of_the_sentinel_is_refused() external {
        (Tier[] memory bids, Tier[] memory asks) = _worked();
        (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, 0);
        // Says that B, who would be traded last, is not there.
        header.askTiers = 1;
        certificate.asks.index = 0;
        _expectRefused(header, certificate, _params());
    }

    function test_a_bid_below_its_ask_is_refused() external {
        (Tier[] memory bids, Tier[] memory asks) = _worked();
        bids[1].price = 120_000;
        SlotHeader memory header;
        Certificate memory certificate;
        // The 200 Wh of B beyond what C bids for are sold to D below what B asks.
        (header.bidTiers, header.askTiers, header.volumeWh) = (2, 2, 1200);
        (header.bidRoot, certificate.bids) = MarketAuction.side(bids, 1, false, true);
        (header.askRoot, certificate.asks) = MarketAuction.side(asks, 1, false, false);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.BidBelowAsk.selector, 120_000, 150_000));
        _proof.checkClearing(header, certificate, _params());
    }

    function test_a_bid_and_an_ask_at_one_price_are_traded_too() external {
        Tier[] memory bids = new Tier[](1);
        Tier[] memory asks = new Tier[](1);
        (bids[0], asks[0]) = (Tier(150_000, 10, "b"), Tier(150_000, 10, "a"));
        (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, 5);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.NotMaximal.selector, 150_000, 150_000));
        _proof.checkClearing(header, certificate, _params());
    }

    function test_a_tier_is_not_served_before_its_turn() external {
        (Tier[] memory bids, Tier[] memory asks) = _worked();
        (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, 700);
        // All 700 Wh go to C; D, who bids less, is said to be the one at the margin.
        (, certificate.bids) = MarketAuction.side(bids, 1, false, true);
        Params memory params = _params();
        params.lineLimitWh = 700;
        vm.expectRevert(abi.encodeWithSelector(MarketProof.VolumeNotInTier.selector, 700, 800, 1201));
        _proof.checkClearing(header, certificate, params);
    }

    function test_a_sentinel_holds_nothing() external {
        Tier[] memory bids = new Tier[](1);
        Tier[] memory asks = new Tier[](1);
        (bids[0], asks[0]) = (Tier(200_000, 5, "b"), Tier(100_000, 5, "a"));
        // What stands behind the only bid: something that would be opened in the place of a sentinel.
        Tier[3] memory behind = [Tier(0, 1, 0), Tier(0, 0, "orders"), Tier(150_000, 0, 0)];
        for (uint256 i = 0; i < 3; ++i) {
            MarketTree.Node[] memory leaves = new MarketTree.Node[](2);
            leaves[0] = MarketTree.Node(MarketTypes.leaf(bids[0]), 5, 0);
            leaves[1] = MarketTree.Node(MarketTypes.leaf(behind[i]), behind[i].quantityWh, 0);
            (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, 0);
            MarketTree.Node memory pad;
            MarketTree.Node memory root;
            (root, certificate.bids.lastPath) = MarketTree.walk(MarketTree.TIER, leaves, pad, 0);
            (, certificate.bids.nextPath) = MarketTree.walk(MarketTree.TIER, leaves, pad, 1);
            (header.bidRoot, certificate.bids.next) = (root.hash, behind[i]);
            vm.expectRevert(abi.encodeWithSelector(MarketProof.NotSentinel.selector, 1));
            _proof.checkClearing(header, certificate, _params());
        }
    }

    function test_a_tier_of_nothing_is_refused() external {
        Tier[] memory bids = new Tier[](1);
        Tier[] memory asks = new Tier[](1);
        (bids[0], asks[0]) = (Tier(90_000, 0, "b"), Tier(100_000, 5, "a"));
        SlotHeader memory header;
        Certificate memory certificate;
        (header.bidTiers, header.askTiers) = (1, 1);
        (header.bidRoot, certificate.bids) = MarketAuction.side(bids, 0, false, true);
        (header.askRoot, certificate.asks) = MarketAuction.side(asks, 0, false, false);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.EmptyTier.selector, 0));
        _proof.checkClearing(header, certificate, _params());
    }

    function test_a_market_at_one_price_trades_at_it() external {
        Params memory params = _params();
        params.pricing = MarketTypes.MIDMARKET;
        Tier[] memory bids = new Tier[](1);
        Tier[] memory asks = new Tier[](1);
        (bids[0], asks[0]) = (Tier(170_000, 1201, "all"), Tier(170_000, 1500, "all"));
        (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, 0);
        expectUint(header.priceBuy, 170_000, "the middle of 80,000 and 260,000");
        _proof.checkClearing(header, certificate, params);
        (bids[0].price, asks[0].price) = (171_000, 171_000);
        (header, certificate) = _certified(bids, asks, 0);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.NotAtMidPrice.selector, 1, 171_000, 170_000));
        _proof.checkClearing(header, certificate, params);
        (bids, asks) = _worked();
        (header, certificate) = _certified(bids, asks, 0);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.NotAtMidPrice.selector, 2, 0, 170_000));
        _proof.checkClearing(header, certificate, params);
    }

    function test_prices_outside_the_band_are_refused() external {
        Tier[] memory bids = new Tier[](1);
        Tier[] memory asks = new Tier[](1);
        (bids[0], asks[0]) = (Tier(260_001, 1, "b"), Tier(260_001, 2, "a"));
        (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, 0);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.PriceOutOfBand.selector, 260_001, 80_000, 260_000));
        _proof.checkClearing(header, certificate, _params());
        (bids[0].price, asks[0].price) = (79_999, 79_999);
        (header, certificate) = _certified(bids, asks, 0);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.PriceOutOfBand.selector, 79_999, 80_000, 260_000));
        _proof.checkClearing(header, certificate, _params());
    }

    function test_the_largest_numbers_do_not_overflow() external view {
        Params memory params = _params();
        params.retailMicroPerKwh = MarketTypes.PRICE_MAX;
        Tier[] memory bids = new Tier[](2);
        Tier[] memory asks = new Tier[](2);
        bids[0] = Tier(MarketTypes.PRICE_MAX - 40_000, type(uint64).max - 1, "b");
        bids[1] = Tier(90_000, 1, "b2");
        asks[0] = Tier(80_000, type(uint64).max - 1, "a");
        asks[1] = Tier(MarketTypes.PRICE_MAX, 1, "a2");
        (SlotHeader memory header, Certificate memory certificate) = _certified(bids, asks, 0);
        expectUint(header.volumeWh, type(uint64).max - 1, "volume");
        _proof.checkClearing(header, certificate, params);
    }
}
