// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AllowanceAuction} from "../../contracts/AllowanceAuction.sol";
import {IAllowanceAuction, Round, RoundClearing} from "../../contracts/IAllowanceAuction.sol";
import {AuctionWorld} from "./AuctionWorld.sol";
import {CallingToken, EighteenDecimalsToken, FeeToken, SilentToken, StrictToken} from "./MarketTokens.sol";
import {TestToken} from "./TestToken.sol";

contract AllowanceAuctionTest is AuctionWorld {
    address private constant ANN = address(0xa11);
    address private constant BOB = address(0xb0b);
    address private constant CAT = address(0xca7);
    address private constant SETTLER = address(0x5e771e);

    function setUp() external {
        _build(new TestToken());
    }

    function _close() private {
        vm.warp(block.timestamp + 1 days);
    }

    function _settle(uint256 round) private {
        RoundClearing memory clearing = _plainClearing(round);
        vm.prank(SETTLER);
        _auction.settle(round, clearing);
    }

    function test_a_buyer_and_a_seller_meet_in_the_middle() external {
        uint256 round = _open();
        _buy(round, ANN, 10, 9_000_000);
        _sell(round, BOB, 8, 5_000_000);
        _close();
        _settle(round);
        Round memory one = _auction.roundOf(round);
        expect(one.settled, "settled");
        expectUint(one.volume, 8, "volume");
        // The bid was served in part: it sets the price from below.
        expectUint(one.price, 9_000_000, "price");
        (uint256 money, uint256 mg) = _auction.claim(round, BUY, 0, ANN);
        expectUint(money, 10 * 9_000 - 8 * 9_000, "what the buyer gets back");
        expectUint(mg, 8 * MG, "what the buyer bought");
        (money, mg) = _auction.claim(round, SELL, 0, BOB);
        expectUint(money, 8 * 9_000, "what the seller earned");
        expectUint(mg, 0, "nothing is left");
        expectUint(_allowances.balanceOf(ANN, PERIOD), 8 * MG, "the buyer has them");
        expectUint(_currency.balanceOf(address(_auction)), 0, "nothing stays");
    }

    function test_what_roundings_leave_is_the_settlers() external {
        uint256 round = _open();
        _buy(round, ANN, 1, 1_500);
        _buy(round, CAT, 1, 1_500);
        _sell(round, BOB, 2, 1_500);
        _close();
        _settle(round);
        // Two units each are paid, 3,000 nano are earned: three units.
        expectUint(_auction.owed(SETTLER), 1, "the rest");
        _auction.claim(round, SELL, 0, BOB);
        _auction.claim(round, BUY, 0, ANN);
        _auction.claim(round, BUY, 1, CAT);
        vm.prank(SETTLER);
        _auction.collect(SETTLER);
        expectUint(_currency.balanceOf(address(_auction)), 0, "nothing stays");
        expectUint(_currency.balanceOf(BOB), 3, "the seller has three");
    }

    function test_an_unsettled_round_gives_everything_back() external {
        uint256 round = _open();
        _buy(round, ANN, 10, 9_000_000);
        _sell(round, BOB, 8, 5_000_000);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.TooEarly.selector, round, START + 3 days));
        _auction.claim(round, BUY, 0, ANN);
        vm.warp(START + 3 days);
        RoundClearing memory clearing = _plainClearing(round);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.TooLate.selector, round, START + 3 days));
        _auction.settle(round, clearing);
        _auction.claim(round, BUY, 0, ANN);
        _auction.claim(round, SELL, 0, BOB);
        expectUint(_currency.balanceOf(ANN), 90_000, "all the money");
        expectUint(_allowances.balanceOf(BOB, PERIOD), 8 * MG, "all allowances");
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.NothingThere.selector, round, SELL, 0));
        _auction.claim(round, SELL, 0, BOB);
    }

    function test_a_round_is_settled_once_and_not_before_its_close() external {
        uint256 round = _open();
        _buy(round, ANN, 10, 9_000_000);
        RoundClearing memory clearing = _plainClearing(round);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.TooEarly.selector, round, START + 1 days));
        _auction.settle(round, clearing);
        _close();
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.RoundClosed.selector, round, START + 1 days));
        vm.prank(ANN);
        _auction.buy(round, 1, 1);
        _settle(round);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.AlreadySettled.selector, round));
        _auction.settle(round, clearing);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.UnknownRound.selector, 9));
        _auction.settle(9, clearing);
    }

    function test_only_the_trader_names_another_address() external {
        uint256 round = _open();
        _buy(round, ANN, 10, 9_000_000);
        vm.warp(START + 3 days);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.NotTrader.selector, BOB, ANN));
        vm.prank(BOB);
        _auction.claim(round, BUY, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.NotTrader.selector, address(0), ANN));
        vm.prank(ANN);
        _auction.claim(round, BUY, 0, address(0));
        vm.prank(ANN);
        _auction.claim(round, BUY, 0, CAT);
        expectUint(_currency.balanceOf(CAT), 90_000, "where the trader wants it");
    }

    function test_a_full_side_of_bids_pays_the_worst_back_in_money() external {
        uint256 round = _open();
        for (uint256 i = 0; i < 128; ++i) {
            _buy(round, address(uint160(0x1000 + i)), 2, uint64(1_000_000 + 1000 * (i % 100)));
        }
        _currency.mint(ANN, 100_000);
        vm.prank(ANN);
        _currency.approve(address(_auction), 100_000);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.SideFull.selector, BUY, 1_000_000));
        vm.prank(ANN);
        _auction.buy(round, 5, 1_000_000);
        vm.prank(ANN);
        expectUint(_auction.buy(round, 5, 1_000_001), 100, "the place of the last of the cheapest");
        address out = address(uint160(0x1000 + 100));
        expectUint(_auction.owed(out), 2 * 1000, "it waits");
        expectUint(_auction.owedMg(PERIOD, out), 0, "and is no allowance");
        vm.prank(out);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.NothingToPay.selector, address(0)));
        _auction.collect(address(0));
        vm.prank(out);
        _auction.collect(out);
        expectUint(_currency.balanceOf(out), 2 * 1000, "it is back");
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.NothingToPay.selector, out));
        vm.prank(out);
        _auction.collect(out);
    }

    /// @notice Who stands better is served whole, and who stands worse gets nothing, to the lot.
    function test_who_is_served_whole_and_who_gets_nothing_is_no_matter_of_choice() external {
        uint256 round = _open();
        expectUint(round, 1, "rounds count from one");
        expectUint(_auction.rounds(), 1, "there is one");
        _buy(round, ANN, 10, 9_000_000);
        _buy(round, CAT, 10, 4_000_000);
        _sell(round, BOB, 8, 5_000_000);
        _sell(round, CAT, 2, 5_000_000);
        _sell(round, CAT, 7, 9_500_000);
        _close();
        RoundClearing memory clearing = _plainClearing(round);
        bytes memory right = clearing.bidFills;
        clearing.bidFills = abi.encodePacked(uint32(9), uint32(1));
        _expectRefused(round, clearing, IAllowanceAuction.WrongFill.selector);
        clearing.bidFills = abi.encodePacked(uint32(10), uint32(1));
        _expectRefused(round, clearing, IAllowanceAuction.WrongFill.selector);
        clearing.bidFills = abi.encodePacked(uint32(11), uint32(0));
        _expectRefused(round, clearing, IAllowanceAuction.WrongFill.selector);
        clearing.bidFills = right;
        right = clearing.askFills;
        clearing.askFills = abi.encodePacked(uint32(8), uint32(1), uint32(1));
        _expectRefused(round, clearing, IAllowanceAuction.WrongFill.selector);
        clearing.askFills = abi.encodePacked(uint32(7), uint32(3), uint32(0));
        _expectRefused(round, clearing, IAllowanceAuction.WrongFill.selector);
        clearing.askFills = right;
        _auction.settle(round, clearing);
    }

    function test_a_full_side_lets_only_a_better_order_in_and_pays_the_worst_back() external {
        uint256 round = _open();
        for (uint256 i = 0; i < 128; ++i) {
            _sell(round, address(uint160(0x1000 + i)), 1, uint64(1000 + i % 100));
        }
        _allowances.mint(ANN, PERIOD, 5 * MG);
        vm.prank(ANN);
        _allowances.approve(address(_auction), PERIOD, 5 * MG);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.SideFull.selector, SELL, 1099));
        vm.prank(ANN);
        _auction.sell(round, 5, 1099);
        vm.prank(ANN);
        uint256 place = _auction.sell(round, 5, 1098);
        expectUint(place, 99, "the place of the dearest");
        address out = address(uint160(0x1000 + 99));
        expectUint(_auction.owedMg(PERIOD, out), MG, "it waits");
        vm.prank(out);
        _auction.collectAllowances(PERIOD, out);
        expectUint(_allowances.balanceOf(out, PERIOD), MG, "it is back");
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.NothingToPay.selector, out));
        vm.prank(out);
        _auction.collectAllowances(PERIOD, out);
    }

    function test_terms_and_orders_have_bounds() external {
        bytes4 bad = IAllowanceAuction.BadTerms.selector;
        vm.expectPartialRevert(bad);
        _auction.openRound(PERIOD, START, START + 3 days, 1, 1);
        vm.expectPartialRevert(bad);
        _auction.openRound(PERIOD, START + 32 days, START + 33 days, 1, 1);
        vm.expectPartialRevert(bad);
        _auction.openRound(PERIOD, START + 1 days, START + 1 days, 1, 1);
        vm.expectPartialRevert(bad);
        _auction.openRound(PERIOD, START + 1 days, START + 9 days, 1, 1);
        vm.expectPartialRevert(bad);
        _auction.openRound(PERIOD, START + 1 days, START + 2 days, 0, 1);
        vm.expectPartialRevert(bad);
        _auction.openRound(PERIOD, START + 1 days, START + 2 days, 1, 2 ** 53);
        uint256 round = _auction.openRound(PERIOD, START + 1 days, START + 2 days, 10, 1000);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.OrderTooSmall.selector, 9, 10));
        _auction.buy(round, 9, 1000);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.LimitOutOfRange.selector, 999, 1000, 2 ** 53 - 1));
        _auction.sell(round, 10, 999);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.LimitOutOfRange.selector, 2 ** 53, 1000, 2 ** 53 - 1));
        _auction.sell(round, 10, 2 ** 53);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.UnknownRound.selector, 9));
        _auction.buy(9, 10, 1000);
        EighteenDecimalsToken token = new EighteenDecimalsToken();
        vm.expectRevert(abi.encodeWithSelector(bad, bytes32("decimals"), 18, 0, 9));
        new AllowanceAuction(_allowances, token);
    }

    function test_tokens_that_take_a_fee_are_refused() external {
        FeeToken token = new FeeToken();
        _build(token);
        uint256 round = _open();
        token.mint(ANN, 90_000);
        vm.prank(ANN);
        token.approve(address(_auction), 90_000);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.TransferTookFee.selector, 90_000, 89_100));
        vm.prank(ANN);
        _auction.buy(round, 10, 9_000_000);

        _allowances.mint(BOB, PERIOD, 5 * MG);
        vm.prank(BOB);
        _allowances.approve(address(_auction), PERIOD, 5 * MG);
        _allowances.takeFee(10);
        vm.expectRevert(abi.encodeWithSelector(IAllowanceAuction.TransferTookFee.selector, 5 * MG, 4_950_000));
        vm.prank(BOB);
        _auction.sell(round, 5, 1);
    }

    function test_a_token_that_returns_nothing_works() external {
        _build(TestToken(address(new SilentToken())));
        uint256 round = _open();
        _buy(round, ANN, 10, 9_000_000);
        vm.warp(START + 3 days);
        _auction.claim(round, BUY, 0, ANN);
        expectUint(_currency.balanceOf(ANN), 90_000, "it is back");
    }

    function test_a_token_that_calls_back_finds_it_locked() external {
        CallingToken token = new CallingToken();
        _build(token);
        uint256 round = _open();
        _buy(round, ANN, 10, 9_000_000);
        _buy(round, BOB, 10, 9_000_000);
        vm.warp(START + 3 days);
        token.callBack(address(_auction), abi.encodeCall(IAllowanceAuction.claim, (round, BUY, 1, BOB)));
        _auction.claim(round, BUY, 0, ANN);
        expect(!token.answered(), "it was refused");
        expectBytes32(bytes32(token.answer()), bytes32(IAllowanceAuction.Reentered.selector), "because it is locked");
        _auction.claim(round, BUY, 1, BOB);
        expectUint(token.balanceOf(BOB), 90_000, "later it works");
    }

    function test_a_stopped_token_delays_and_loses_nothing() external {
        StrictToken token = new StrictToken();
        _build(token);
        uint256 round = _open();
        _buy(round, ANN, 10, 9_000_000);
        _sell(round, BOB, 10, 9_000_000);
        _close();
        token.pause(true);
        _settle(round);
        vm.expectRevert(abi.encodeWithSelector(StrictToken.Paused.selector));
        _auction.claim(round, SELL, 0, BOB);
        token.pause(false);
        token.refuse(BOB);
        vm.prank(BOB);
        _auction.claim(round, SELL, 0, CAT);
        expectUint(token.balanceOf(CAT), 90_000, "where the trader wants it");
    }

    // ---- what settle refuses, by name ----

    /// @dev Three asks of two lots share a bid of four: one lot each, and one more for the smallest key.
    function _tied() private returns (uint256 round, RoundClearing memory clearing, uint256 winner) {
        round = _open();
        _buy(round, ANN, 4, 900_000);
        for (uint256 i = 0; i < 3; ++i) {
            _sell(round, BOB, 2, 800_000);
        }
        _close();
        clearing = _plainClearing(round);
        while (_fillIn(clearing.askFills, winner) != 2) ++winner;
    }

    function _expectRefused(uint256 round, RoundClearing memory clearing, bytes4 reason) private {
        vm.expectPartialRevert(reason);
        _auction.settle(round, clearing);
    }

    function test_a_lot_that_is_left_goes_to_the_smallest_key() external {
        (uint256 round, RoundClearing memory clearing, uint256 winner) = _tied();
        bytes memory right = clearing.askFills;
        for (uint256 other = 0; other < 3; ++other) {
            if (other == winner) continue;
            bytes memory bent = abi.encodePacked(uint32(1), uint32(1), uint32(1));
            bent[4 * other + 3] = 0x02;
            clearing.askFills = bent;
            _expectRefused(round, clearing, IAllowanceAuction.WrongTie.selector);
        }
        clearing.askFills = abi.encodePacked(uint32(1), uint32(1), uint32(1));
        _expectRefused(round, clearing, IAllowanceAuction.UnfairShare.selector);
        clearing.askFills = abi.encodePacked(uint32(2), uint32(2), uint32(0));
        _expectRefused(round, clearing, IAllowanceAuction.WrongFill.selector);
        clearing.askFills = right;
        _auction.settle(round, clearing);
    }

    function test_the_largest_remainder_comes_first() external {
        uint256 round = _open();
        // Ten lots of 3 + 4 + 6: shares 2.3, 3.08 and 4.6.
        _buy(round, ANN, 10, 900_000);
        _sell(round, BOB, 3, 800_000);
        _sell(round, BOB, 4, 800_000);
        _sell(round, BOB, 6, 800_000);
        _close();
        RoundClearing memory clearing = _plainClearing(round);
        clearing.askFills = abi.encodePacked(uint32(3), uint32(3), uint32(4));
        _expectRefused(round, clearing, IAllowanceAuction.UnfairShare.selector);
        clearing.askFills = abi.encodePacked(uint32(2), uint32(3), uint32(5));
        _auction.settle(round, clearing);
    }

    function test_the_order_of_matching_names_each_place_once_and_is_sorted() external {
        uint256 round = _open();
        _buy(round, ANN, 4, 900_000);
        _buy(round, ANN, 4, 800_000);
        _buy(round, ANN, 4, 800_000);
        _sell(round, BOB, 12, 800_000);
        _close();
        RoundClearing memory clearing = _plainClearing(round);
        clearing.bidOrder = hex"000101";
        _expectRefused(round, clearing, IAllowanceAuction.NotAPermutation.selector);
        clearing.bidOrder = hex"000103";
        _expectRefused(round, clearing, IAllowanceAuction.NotAPermutation.selector);
        clearing.bidOrder = hex"010002";
        _expectRefused(round, clearing, IAllowanceAuction.NotSorted.selector);
        clearing.bidOrder = hex"0001";
        _expectRefused(round, clearing, IAllowanceAuction.WrongLength.selector);
        clearing.bidOrder = hex"000102";
        clearing.askFills = hex"0000000c00000000";
        _expectRefused(round, clearing, IAllowanceAuction.WrongLength.selector);
        clearing.askFills = hex"0000000c";
        // Among equals either may be first.
        clearing.bidOrder = hex"000201";
        _auction.settle(round, clearing);
    }

    // ---- whatever the book ----

    /// @dev Few prices and few lots, so that ties are common.
    function _fill(uint256 round, uint256 seed, uint256 bids, uint256 asks) private {
        for (uint256 i = 0; i < bids + asks; ++i) {
            uint256 any = uint256(keccak256(abi.encode(seed, i)));
            uint32 lots = uint32(between(any, 1, any % 5 == 0 ? type(uint32).max : 7));
            uint64 limit = uint64(between(any >> 64, 997, 1005) * (any % 3 == 0 ? 1_000 : 337));
            address trader = address(uint160(0x2000 + i));
            if (i < bids) _buy(round, trader, lots, limit);
            else _sell(round, trader, lots, limit);
        }
    }

    function testFuzz_the_plain_clearing_is_taken_and_everybody_gets_out(uint256 seed) external {
        uint256 round = _open();
        (uint256 bids, uint256 asks) = (seed % 9, (seed >> 8) % 9);
        _fill(round, seed, bids, asks);
        _close();
        _settle(round);
        uint256 volume = _auction.roundOf(round).volume;
        expectUint(_claimBids(round, _auction.roundOf(round).price), volume, "bought = volume");
        expectUint(_claimAsks(round, _auction.roundOf(round).price, bids), volume, "sold = volume");
        expect(_auction.owed(SETTLER) <= bids + asks, "less than a unit an order is left");
        if (_auction.owed(SETTLER) != 0) {
            vm.prank(SETTLER);
            _auction.collect(SETTLER);
        }
        expectUint(_currency.balanceOf(address(_auction)), 0, "no money stays");
        expectUint(_allowances.balanceOf(address(_auction), PERIOD), 0, "no allowances stay");
    }

    function _claimBids(uint256 round, uint256 price) private returns (uint256 bought) {
        (uint256[] memory words,) = _auction.bookOf(round);
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 fill = _auction.fillOf(round, BUY, i);
            bought += fill;
            expect(fill == 0 || _limit(words[i]) >= price, "nobody pays more than the limit");
            expect(fill == _lots(words[i]) || price == 0 || _limit(words[i]) <= price, "nobody envies");
            address trader = address(uint160(0x2000 + i));
            (uint256 money, uint256 mg) = _auction.claim(round, BUY, i, trader);
            expectUint(mg, fill * MG, "bought");
            expectUint(_currency.balanceOf(trader), money, "paid back");
        }
    }

    function _claimAsks(uint256 round, uint256 price, uint256 first) private returns (uint256 sold) {
        (, uint256[] memory words) = _auction.bookOf(round);
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 fill = _auction.fillOf(round, SELL, i);
            sold += fill;
            expect(fill == 0 || _limit(words[i]) <= price, "nobody gets less than the limit");
            expect(fill == _lots(words[i]) || price == 0 || _limit(words[i]) >= price, "nobody envies");
            (uint256 money, uint256 mg) = _auction.claim(round, SELL, i, address(uint160(0x2000 + first + i)));
            expectUint(mg, (_lots(words[i]) - fill) * MG, "left");
            expectUint(money, fill * price / 1000, "earned");
        }
    }

    function _isTaken(uint256 round, RoundClearing memory clearing) private returns (bool) {
        try _auction.settle(round, clearing) {
            return true;
        } catch {
            return false;
        }
    }

    /// @notice Any other fills, price or volume are refused: one lot moved from one to another is enough.
    function testFuzz_no_other_clearing_is_taken(uint256 seed, uint256 how) external {
        uint256 round = _open();
        _fill(round, seed, 2 + seed % 6, 2 + (seed >> 8) % 6);
        _close();
        RoundClearing memory good = _plainClearing(round);
        RoundClearing memory bent = _plainClearing(round);
        uint256 which = how % 8;
        if (which == 0) bent.price += uint64(1 + (how >> 8) % 3);
        else if (which == 1) bent.volume += 1;
        else if (which == 2 && bent.price != 0) bent.price -= 1;
        else if (which == 3) bent.bidFills = _moved(bent.bidFills, how >> 8);
        else if (which == 4) bent.askFills = _moved(bent.askFills, how >> 8);
        else if (which == 5) bent.bidFills[(how >> 8) % bent.bidFills.length] ^= bytes1(uint8(1 << ((how >> 16) % 8)));
        else if (which == 6) bent.askOrder[(how >> 8) % bent.askOrder.length] = bytes1(uint8(how >> 16));
        else bent.bidOrder = abi.encodePacked(bent.bidOrder, uint8(0));
        bool isSame = keccak256(abi.encode(bent.volume, bent.price, bent.bidFills, bent.askFills))
            == keccak256(abi.encode(good.volume, good.price, good.bidFills, good.askFills));
        // Orders among equals are free.
        if (_isTaken(round, bent)) expect(isSame, "something else was taken");
        else _auction.settle(round, good);
        expectUint(_auction.roundOf(round).price, good.price, "the price");
        expectUint(_auction.roundOf(round).volume, good.volume, "the volume");
        for (uint256 i = 0; i < good.bidOrder.length; ++i) {
            expectUint(_auction.fillOf(round, BUY, i), _fillIn(good.bidFills, i), "a bid's fill");
        }
    }

    function _fillIn(bytes memory fills, uint256 place) private pure returns (uint256 fill) {
        for (uint256 i = 0; i < 4; ++i) {
            fill = (fill << 8) | uint8(fills[4 * place + i]);
        }
    }

    /// @dev One lot from one order to another of the same side.
    function _moved(bytes memory fills, uint256 how) private pure returns (bytes memory bent) {
        uint256 count = fills.length / 4;
        (uint256 from, uint256 to) = (how % count, (how >> 8) % count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 fill = _fillIn(fills, i);
            if (i == from && from != to && fill != 0) fill -= 1;
            if (i == to && from != to && _fillIn(fills, from) != 0) fill += 1;
            bent = abi.encodePacked(bent, uint32(fill));
        }
    }
}

/// @notice Lives an auction's life by chance, with books of its own.
contract AuctionHandler is AuctionWorld {
    uint256 private constant TRADERS = 5;
    uint256 public roundCount;
    mapping(bytes32 action => uint256) public done;
    string public broken;
    address private immutable _owner = msg.sender;

    constructor() {
        _build(new TestToken());
    }

    function _fail(bool isBroken, string memory what) private {
        if (isBroken && bytes(broken).length == 0) broken = what;
    }

    function _trader(uint256 any) private pure returns (address) {
        return address(uint160(0x3000 + any % TRADERS));
    }

    function _round(uint256 any) private view returns (uint256) {
        // Mostly the newest.
        return any % 3 == 0 ? 1 + (any >> 8) % roundCount : roundCount;
    }

    function open(uint256 any) external {
        if (roundCount >= 12) return;
        roundCount = _auction.openRound(PERIOD, uint64(block.timestamp + between(any, 1, 4 hours)), uint64(block.timestamp + 6 hours), 1, 1);
        done["open"] += 1;
    }

    function order(uint256 any, uint32 lots, uint64 limit) external {
        if (roundCount == 0) return;
        uint256 round = _round(any);
        if (block.timestamp >= _auction.roundOf(round).closesAt) return;
        lots = uint32(between(lots, 1, 9));
        limit = uint64(between(limit, 990, 1010)) * 337;
        Round memory one = _auction.roundOf(round);
        if (one.bids >= 20 || one.asks >= 20) return;
        if (any >> 255 == 0) _buy(round, _trader(any >> 16), lots, limit);
        else _sell(round, _trader(any >> 16), lots, limit);
        done["order"] += 1;
    }

    function settle(uint256 any) external {
        if (roundCount == 0) return;
        uint256 round = _round(any);
        Round memory one = _auction.roundOf(round);
        bool isTime = block.timestamp >= one.closesAt && block.timestamp < one.settleBy && !one.settled;
        RoundClearing memory clearing = _plainClearing(round);
        vm.prank(_trader(any >> 16));
        try _auction.settle(round, clearing) {
            _fail(!isTime, "settled out of time");
            done["settle"] += 1;
        } catch {
            _fail(isTime, "a good clearing was refused");
        }
    }

    function claim(uint256 any, uint256 place) external {
        if (roundCount == 0) return;
        uint256 round = 1 + (any >> 8) % roundCount;
        _claim(round, any >> 255 == 0 ? BUY : SELL, place % 20);
    }

    function _claim(uint256 round, uint8 side, uint256 place) private {
        (uint256[] memory bids, uint256[] memory asks) = _auction.bookOf(round);
        uint256[] memory words = side == BUY ? bids : asks;
        if (place >= words.length || words[place] == 0) return;
        Round memory one = _auction.roundOf(round);
        bool isTime = one.settled || block.timestamp >= one.settleBy;
        address trader = address(uint160(words[place] >> 96));
        try _auction.claim(round, side, place, trader) {
            _fail(!isTime, "claimed out of time");
            done["claim"] += 1;
        } catch {
            _fail(isTime, "a claim was refused");
        }
    }

    function collect(uint256 any) external {
        address trader = _trader(any);
        if (_auction.owed(trader) == 0) return;
        vm.prank(trader);
        _auction.collect(trader);
        done["collect"] += 1;
    }

    function pass(uint256 any) external {
        vm.warp(block.timestamp + between(any, 1, 2 hours));
    }

    /// @notice What is due to all, to the unit.
    function due() public view returns (uint256 money, uint256 mg) {
        for (uint256 round = 1; round <= roundCount; ++round) {
            Round memory one = _auction.roundOf(round);
            (uint256[] memory bids, uint256[] memory asks) = _auction.bookOf(round);
            for (uint256 i = 0; i < bids.length; ++i) {
                if (bids[i] == 0) continue;
                uint256 fill = _auction.fillOf(round, BUY, i);
                money += (_lots(bids[i]) * _limit(bids[i]) + 999) / 1000 - (fill * one.price + 999) / 1000;
                mg += fill * MG;
            }
            for (uint256 i = 0; i < asks.length; ++i) {
                if (asks[i] == 0) continue;
                uint256 fill = _auction.fillOf(round, SELL, i);
                money += fill * one.price / 1000;
                mg += (_lots(asks[i]) - fill) * MG;
            }
        }
        for (uint256 i = 0; i < TRADERS; ++i) {
            money += _auction.owed(_trader(i));
            mg += _auction.owedMg(PERIOD, _trader(i));
        }
    }

    function held() public view returns (uint256 money, uint256 mg) {
        return (_currency.balanceOf(address(_auction)), _allowances.balanceOf(address(_auction), PERIOD));
    }

    /// @notice Everybody leaves. For the test alone: the fuzzer's calls do nothing.
    function end() external {
        if (msg.sender != _owner) return;
        vm.warp(block.timestamp + 1 days);
        for (uint256 round = 1; round <= roundCount; ++round) {
            for (uint256 i = 0; i < 20; ++i) {
                _claim(round, BUY, i);
                _claim(round, SELL, i);
            }
        }
        for (uint256 i = 0; i < TRADERS; ++i) {
            if (_auction.owed(_trader(i)) == 0) continue;
            vm.prank(_trader(i));
            _auction.collect(_trader(i));
        }
    }
}

contract AuctionInvariantTest is AuctionWorld {
    AuctionHandler private _handler;

    function setUp() external {
        _handler = new AuctionHandler();
        vm.warp(START);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// forge-config: default.invariant.runs = 8
    /// forge-config: default.invariant.depth = 120
    function invariant_what_lies_there_is_what_is_due() public view {
        (uint256 money, uint256 mg) = _handler.held();
        (uint256 dueMoney, uint256 dueMg) = _handler.due();
        expectUint(money, dueMoney, "money");
        expectUint(mg, dueMg, "allowances");
        expect(bytes(_handler.broken()).length == 0, _handler.broken());
    }

    /// forge-config: default.fuzz.runs = 12
    function testFuzz_at_the_end_everybody_gets_out_and_nothing_stays(uint256 seed) external {
        for (uint256 i = 0; i < 150; ++i) {
            uint256 any = uint256(keccak256(abi.encode(seed, i)));
            uint256 which = any % 16;
            if (which < 2) _handler.open(any >> 8);
            else if (which < 9) _handler.order(any, uint32(any >> 32), uint64(any >> 64));
            else if (which < 11) _handler.settle(any >> 8);
            else if (which < 13) _handler.claim(any >> 8, any >> 128);
            else if (which == 13) _handler.collect(any >> 8);
            else _handler.pass(any >> 8);
        }
        invariant_what_lies_there_is_what_is_due();
        expect(_handler.done("order") >= 5 && _handler.done("open") >= 2, "orders were placed");
        _handler.end();
        (uint256 money, uint256 mg) = _handler.held();
        expectUint(money, 0, "no money stays");
        expectUint(mg, 0, "no allowances stay");
        expect(bytes(_handler.broken()).length == 0, _handler.broken());
    }

    /// @notice One life by a fixed seed, to see that all actions do happen.
    function test_a_long_life_meets_everything() external {
        for (uint256 i = 0; i < 1200; ++i) {
            uint256 any = uint256(keccak256(abi.encode("life", i)));
            uint256 which = any % 16;
            if (which == 0) _handler.open(any >> 8);
            else if (which < 8) _handler.order(any, uint32(any >> 32), uint64(any >> 64));
            else if (which < 11) _handler.settle(any >> 8);
            else if (which < 13) _handler.claim(any >> 8, any >> 128);
            else if (which == 13) _handler.collect(any >> 8);
            else if (which == 14) _handler.pass(any >> 8);
        }
        bytes32[5] memory actions = [bytes32("open"), "order", "settle", "claim", "collect"];
        for (uint256 i = 0; i < actions.length; ++i) {
            expect(_handler.done(actions[i]) >= 2, string(abi.encodePacked(actions[i], vm.toString(_handler.done(actions[i])))));
        }
        invariant_what_lies_there_is_what_is_due();
    }
}
