// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    AnchoredHead,
    DecidedBy,
    EscrowStanding,
    EscrowStatus,
    IColdChainEscrow,
    SensorTerms,
    ShipmentTerms,
    ShownEntry
} from "../../contracts/IColdChainEscrow.sol";
import {EscrowWorld} from "./EscrowWorld.sol";
import {CallingToken, FeeToken, StrictToken} from "./MarketTokens.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {TestToken} from "./TestToken.sol";

contract ColdChainEscrowTest is EscrowWorld {
    function setUp() external {
        _build(new TestToken());
    }

    function _claim(ShipmentTerms memory terms, address party) private {
        _escrow.claim(terms, party, party);
    }

    function _expectNotNow(ShipmentTerms memory terms, EscrowStatus status) private {
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotNow.selector, _escrow.idOf(terms), status));
    }

    // ---- beginning ----

    function test_a_buyer_takes_it_back_until_the_seller_accepts() external {
        ShipmentTerms memory terms = _terms();
        _offer(terms);
        _expectStatus(terms, EscrowStatus.Offered, "offered");
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, STRANGER, BUYER));
        vm.prank(STRANGER);
        _escrow.cancel(terms);
        vm.prank(BUYER);
        _escrow.cancel(terms);
        expectUint(_token.balanceOf(BUYER), AMOUNT, "it is back");
        _expectDecided(terms, DecidedBy.Cancelled, 0);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NothingToPay.selector, _escrow.idOf(terms), BUYER));
        _claim(terms, BUYER);
        _expectNotNow(terms, EscrowStatus.Decided);
        vm.prank(SELLER);
        _escrow.accept(terms);
        // Nor is it offered again.
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.AlreadyOffered.selector, _escrow.idOf(terms)));
        vm.prank(BUYER);
        _escrow.offer(terms);

        terms.salt = "another";
        _begin(terms);
        _expectNotNow(terms, EscrowStatus.Waiting);
        vm.prank(BUYER);
        _escrow.cancel(terms);
        _expectNotNow(terms, EscrowStatus.Waiting);
        vm.prank(SELLER);
        _escrow.accept(terms);
    }

    function test_only_the_seller_accepts_and_only_in_time() external {
        ShipmentTerms memory terms = _terms();
        _offer(terms);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, STRANGER, SELLER));
        vm.prank(STRANGER);
        _escrow.accept(terms);
        vm.warp(terms.verdictDueAt);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.TooLate.selector, terms.verdictDueAt));
        vm.prank(SELLER);
        _escrow.accept(terms);
        vm.prank(BUYER);
        _escrow.cancel(terms);
    }

    function test_nothing_happens_to_what_was_never_offered() external {
        ShipmentTerms memory terms = _terms();
        uint64 index = _stateVerdict(1, 2);
        _anchor();
        ShownEntry memory shown = _shown(index);
        AnchoredHead memory head = _head;
        _expectNotNow(terms, EscrowStatus.None);
        _escrow.showVerdict(terms, head, shown);
        _expectNotNow(terms, EscrowStatus.None);
        _claim(terms, SELLER);
        _expectNotNow(terms, EscrowStatus.None);
        vm.prank(BUYER);
        _escrow.agree(terms, 0);
        _expectNotNow(terms, EscrowStatus.None);
        vm.prank(BUYER);
        _escrow.cancel(terms);
        // Offered and not accepted is not enough either.
        _offer(terms);
        _expectNotNow(terms, EscrowStatus.Offered);
        _escrow.showVerdict(terms, head, shown);
    }

    function _refusesTerms(ShipmentTerms memory terms, bytes4 selector) private {
        vm.expectPartialRevert(selector);
        vm.prank(terms.buyer);
        _escrow.offer(terms);
    }

    function test_terms_have_bounds() external {
        ShipmentTerms memory terms = _terms();
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, STRANGER, BUYER));
        vm.prank(STRANGER);
        _escrow.offer(terms);
        terms.seller = BUYER;
        _refusesTerms(terms, IColdChainEscrow.NotParty.selector);
        terms = _terms();
        terms.arbiter = SELLER;
        _refusesTerms(terms, IColdChainEscrow.NotParty.selector);
        terms.arbiter = BUYER;
        _refusesTerms(terms, IColdChainEscrow.NotParty.selector);
        terms = _terms();
        terms.seller = address(0);
        _refusesTerms(terms, IColdChainEscrow.NotParty.selector);
        terms = _terms();
        terms.amount = 0;
        terms.toSellerAtTimeout = 0;
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
        terms = _terms();
        terms.toSellerAtTimeout = AMOUNT + 1;
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
        terms = _terms();
        terms.windowS = 1 hours - 1;
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
        terms = _terms();
        terms.windowS = 30 days + 1;
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
        terms = _terms();
        terms.verdictDueAt = START;
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
        terms = _terms();
        terms.timeoutAt = terms.verdictDueAt + WINDOW - 1;
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
        terms = _terms();
        SensorTerms memory sensor = terms.sensors[0];
        terms.sensors = new SensorTerms[](9);
        for (uint256 i = 0; i < 9; ++i) {
            terms.sensors[i] = sensor;
        }
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
        terms = _terms();
        terms.sensors[0].gapMaxMs = 0;
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
        terms = _terms();
        terms.sensors[0].low = 8001;
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
        terms = _terms();
        terms.sensors[0].toMs = LEFT_AT - 1;
        _refusesTerms(terms, IColdChainEscrow.BadTerms.selector);
    }

    function test_a_token_that_takes_a_fee_is_refused() external {
        _build(new FeeToken());
        ShipmentTerms memory terms = _terms();
        _token.mint(BUYER, AMOUNT);
        vm.prank(BUYER);
        _token.approve(address(_escrow), AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.TransferTookFee.selector, AMOUNT, AMOUNT * 99 / 100));
        vm.prank(BUYER);
        _escrow.offer(terms);
    }

    function test_a_token_that_calls_back_finds_it_locked() external {
        CallingToken token = new CallingToken();
        _build(token);
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _verdict(terms, 1, 2);
        vm.warp(block.timestamp + WINDOW);
        token.callBack(address(_escrow), abi.encodeCall(IColdChainEscrow.claim, (terms, SELLER, SELLER)));
        _claim(terms, SELLER);
        expect(!token.answered(), "it was refused");
        expectBytes32(bytes32(token.answer()), bytes32(IColdChainEscrow.Reentered.selector), "because it is locked");
        expectUint(token.balanceOf(SELLER), AMOUNT, "paid once");
    }

    function test_a_token_that_refuses_one_party_pays_the_other() external {
        StrictToken token = new StrictToken();
        _build(token);
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        vm.warp(terms.timeoutAt);
        token.refuse(BUYER);
        vm.expectRevert(abi.encodeWithSelector(StrictToken.Refused.selector, BUYER));
        _claim(terms, BUYER);
        _claim(terms, SELLER);
        expectUint(token.balanceOf(SELLER), AMOUNT / 4, "the seller's part");
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, STRANGER, BUYER));
        vm.prank(STRANGER);
        _escrow.claim(terms, BUYER, STRANGER);
        vm.prank(BUYER);
        _escrow.claim(terms, BUYER, STRANGER);
        expectUint(token.balanceOf(STRANGER), AMOUNT - AMOUNT / 4, "where the buyer wants it");
    }

    // ---- verdicts ----

    function test_a_good_verdict_pays_the_seller_when_its_window_is_over() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _verdict(terms, 1, 2);
        _expectStatus(terms, EscrowStatus.Paying, "paying");
        expectUint(_escrow.standingOf(terms).until, START + WINDOW, "until");
        vm.warp(START + WINDOW - 1);
        _expectNotNow(terms, EscrowStatus.Paying);
        _claim(terms, SELLER);
        vm.warp(START + WINDOW);
        _expectDecided(terms, DecidedBy.Verdict, AMOUNT);
        vm.prank(STRANGER);
        _claim(terms, SELLER);
        expectUint(_token.balanceOf(SELLER), AMOUNT, "paid");
        _expectDecided(terms, DecidedBy.Verdict, AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NothingToPay.selector, _escrow.idOf(terms), SELLER));
        _claim(terms, SELLER);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NothingToPay.selector, _escrow.idOf(terms), BUYER));
        _claim(terms, BUYER);
    }

    function test_an_excursion_refunds_the_buyer() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _verdict(terms, 2, 2);
        _expectStatus(terms, EscrowStatus.Refunding, "refunding");
        vm.warp(START + WINDOW);
        _claim(terms, BUYER);
        expectUint(_token.balanceOf(BUYER), AMOUNT, "paid back");
        expectUint(_token.balanceOf(address(_escrow)), 0, "nothing stays");
    }

    function test_an_indeterminate_verdict_waits_until_both_agree() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _verdict(terms, 3, 2);
        vm.warp(START + 5 days);
        _expectStatus(terms, EscrowStatus.Waiting, "waits");
        vm.prank(BUYER);
        _escrow.agree(terms, 1);
        vm.prank(SELLER);
        _escrow.agree(terms, 3);
        _expectStatus(terms, EscrowStatus.Waiting, "they do not agree");
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.SplitTooLarge.selector, AMOUNT + 1, AMOUNT));
        vm.prank(SELLER);
        _escrow.agree(terms, AMOUNT + 1);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, ARBITER, BUYER));
        vm.prank(ARBITER);
        _escrow.agree(terms, 3);
        vm.prank(BUYER);
        _escrow.agree(terms, 3);
        _expectDecided(terms, DecidedBy.Agreement, 3);
        _claim(terms, BUYER);
        _claim(terms, SELLER);
        expectUint(_token.balanceOf(SELLER), 3, "the seller's part");
        expectUint(_token.balanceOf(BUYER), AMOUNT - 3, "the buyer's part");
    }

    function test_a_split_of_nothing_is_a_split_that_both_have_to_say() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        vm.prank(BUYER);
        _escrow.agree(terms, 0);
        _expectStatus(terms, EscrowStatus.Waiting, "the seller has said nothing yet, not 0");
        vm.prank(SELLER);
        _escrow.agree(terms, 0);
        _expectDecided(terms, DecidedBy.Agreement, 0);
    }

    function test_what_was_said_is_forgotten_when_more_is_known() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        uint64 late = _read(5000, LEFT_AT + 17 * MINUTE, 8);
        _verdict(terms, 3, 2);
        vm.prank(BUYER);
        _escrow.agree(terms, AMOUNT / 2);
        _verdict(terms, 2, 3);
        // Half would be more than an excursion leaves it.
        vm.prank(SELLER);
        _escrow.agree(terms, AMOUNT / 2);
        _expectStatus(terms, EscrowStatus.Refunding, "the buyer does not say so any more");
        _show(terms, 0, 7);
        vm.prank(BUYER);
        _escrow.agree(terms, AMOUNT / 2);
        _escrow.refuteExcursion(terms, _head, _shown(late));
        vm.prank(SELLER);
        _escrow.agree(terms, AMOUNT / 2);
        _expectStatus(terms, EscrowStatus.Refunding, "nor now");
        // The same verdict again changes nothing, so that nobody takes back another's word by it.
        _verdict(terms, 2, 4);
        vm.prank(BUYER);
        _escrow.agree(terms, AMOUNT / 2);
        _expectDecided(terms, DecidedBy.Agreement, AMOUNT / 2);
    }

    function test_an_arbiter_decides_what_waits_and_nothing_else() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.TooEarly.selector, terms.verdictDueAt));
        vm.prank(ARBITER);
        _escrow.arbitrate(terms, 7);
        _verdict(terms, 3, 2);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.TooEarly.selector, START + WINDOW));
        vm.prank(ARBITER);
        _escrow.arbitrate(terms, 7);
        vm.warp(START + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, SELLER, ARBITER));
        vm.prank(SELLER);
        _escrow.arbitrate(terms, 7);
        vm.prank(ARBITER);
        _escrow.arbitrate(terms, 7);
        _expectDecided(terms, DecidedBy.Arbiter, 7);

        terms.salt = "good";
        vm.warp(START);
        _begin(terms);
        vm.warp(START + WINDOW);
        _escrow.showVerdict(terms, _head, _shown(0));
        _verdict(terms, 1, 3);
        _expectNotNow(terms, EscrowStatus.Paying);
        vm.prank(ARBITER);
        _escrow.arbitrate(terms, 7);

        terms.salt = "none";
        vm.warp(START);
        _begin(terms);
        vm.warp(terms.verdictDueAt);
        vm.prank(ARBITER);
        _escrow.arbitrate(terms, 9);
        _expectDecided(terms, DecidedBy.Arbiter, 9);
    }

    function test_at_the_timeout_the_terms_decide() external {
        ShipmentTerms memory terms = _terms();
        terms.arbiter = address(0);
        _begin(terms);
        vm.warp(terms.timeoutAt - 1);
        _expectStatus(terms, EscrowStatus.Waiting, "waits");
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, STRANGER, address(0)));
        vm.prank(STRANGER);
        _escrow.arbitrate(terms, 0);
        vm.warp(terms.timeoutAt);
        _expectDecided(terms, DecidedBy.Timeout, AMOUNT / 4);
        _claim(terms, SELLER);
        _claim(terms, BUYER);
        expectUint(_token.balanceOf(SELLER), AMOUNT / 4, "the seller's part");
        expectUint(_token.balanceOf(BUYER), AMOUNT - AMOUNT / 4, "the buyer's part");
    }

    function test_a_newer_verdict_replaces_an_older_one_in_its_window_and_gives_time_to_answer() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _verdict(terms, 3, 2);
        vm.warp(START + 2 days);
        _verdict(terms, 1, 3);
        _expectStatus(terms, EscrowStatus.Paying, "the gap was filled");
        expectUint(_escrow.standingOf(terms).until, START + 2 days + WINDOW, "a window of its own");
        vm.warp(START + 2 days + WINDOW - 1);
        _verdict(terms, 2, 4);
        _expectStatus(terms, EscrowStatus.Refunding, "late readings were too warm");
        expectUint(_escrow.standingOf(terms).until, START + 2 days + 2 * WINDOW - 1, "another window");
        vm.warp(START + 2 days + 2 * WINDOW - 1);
        uint64 index = _stateVerdict(1, 5);
        _anchor();
        (AnchoredHead memory head, ShownEntry memory shown) = (_head, _shown(index));
        _expectNotNow(terms, EscrowStatus.Decided);
        _escrow.showVerdict(terms, head, shown);
    }

    function test_the_same_verdict_again_gives_no_new_time() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _verdict(terms, 1, 2);
        vm.warp(START + WINDOW / 2);
        _verdict(terms, 1, 3);
        expectUint(_escrow.standingOf(terms).until, START + WINDOW, "the first window");
        expectUint(_escrow.standingOf(terms).number, 3, "the newest counts");
    }

    function test_a_verdict_is_shown_once() external {
        for (uint256 value = 1; value <= 3; ++value) {
            ShipmentTerms memory terms = _terms();
            terms.salt = bytes32(value);
            _begin(terms);
            uint64 index = _stateVerdict(int64(uint64(value)), 2);
            _anchor();
            (AnchoredHead memory head, ShownEntry memory shown) = (_head, _shown(index));
            _escrow.showVerdict(terms, head, shown);
            vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.ChangesNothing.selector, 2, 2));
            _escrow.showVerdict(terms, head, shown);
        }
    }

    function test_an_excursion_that_was_stated_is_not_taken_back_by_a_later_good() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _verdict(terms, 2, 2);
        _verdict(terms, 1, 3);
        _expectStatus(terms, EscrowStatus.Waiting, "people decide");
        expect(_escrow.standingOf(terms).isContradicted, "it says why");
        vm.warp(START + WINDOW);
        vm.prank(ARBITER);
        _escrow.arbitrate(terms, AMOUNT);
        _expectDecided(terms, DecidedBy.Arbiter, AMOUNT);
    }

    function test_an_older_excursion_that_is_shown_later_counts_the_same() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        uint64 older = _stateVerdict(2, 2);
        uint64 oldest = _stateVerdict(3, 1);
        _verdict(terms, 1, 3);
        _expectStatus(terms, EscrowStatus.Paying, "paying");
        (AnchoredHead memory head, ShownEntry memory shown) = (_head, _shown(oldest));
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.ChangesNothing.selector, 1, 3));
        _escrow.showVerdict(terms, head, shown);
        vm.warp(START + WINDOW - 1);
        _escrow.showVerdict(terms, head, _shown(older));
        _expectStatus(terms, EscrowStatus.Waiting, "people decide");
        shown = _shown(older);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.ChangesNothing.selector, 2, 3));
        _escrow.showVerdict(terms, head, shown);
    }

    function test_a_window_ends_at_the_latest_its_length_after_the_timeout() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        vm.warp(terms.timeoutAt - 1);
        _verdict(terms, 1, 2);
        expectUint(_escrow.standingOf(terms).until, terms.timeoutAt - 1 + WINDOW, "a whole window");
        vm.warp(terms.timeoutAt + WINDOW / 2);
        _verdict(terms, 3, 3);
        expectUint(_escrow.standingOf(terms).until, terms.timeoutAt + WINDOW, "cut");
        _verdict(terms, 1, 4);
        expectUint(_escrow.standingOf(terms).until, terms.timeoutAt + WINDOW, "cut again");
        vm.warp(terms.timeoutAt + WINDOW);
        _expectDecided(terms, DecidedBy.Verdict, AMOUNT);
    }

    function _expectRefused(ShipmentTerms memory terms, bytes memory entry, bytes4 selector) private {
        uint64 index = _append(entry);
        _anchor();
        (AnchoredHead memory head, ShownEntry memory shown) = (_head, _shown(index));
        vm.expectPartialRevert(selector);
        _escrow.showVerdict(terms, head, shown);
    }

    function test_what_is_no_verdict_of_the_shipment_is_refused() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        bytes4 none = IColdChainEscrow.NotAVerdict.selector;
        _expectRefused(terms, _entry(1, SHIPMENT, 9, 0, 0, 1, 0, 2), none);
        _expectRefused(terms, _entry(8, SHIPMENT, 4, 0, 0, 1, 0, 2), none);
        _expectRefused(terms, _entry(8, SENSOR, 9, 0, 0, 1, 0, 2), none);
        _expectRefused(terms, _entry(8, SHIPMENT, 9, 0, 4, 1, 0, 2), none);
        _expectRefused(terms, _entry(8, SHIPMENT, 9, 1, 0, 1, 0, 2), none);
        _expectRefused(terms, _entry(8, SHIPMENT, 9, 0, 0, 0, 0, 2), none);
        _expectRefused(terms, _entry(8, SHIPMENT, 9, 0, 0, 4, 0, 2), none);
        _expectRefused(terms, _entry(8, SHIPMENT, 9, 0, 0, -1, 0, 2), none);
        _expectRefused(terms, _entry(8, SHIPMENT, 9, 0, 0, 257, 0, 2), none);
        _expectStatus(terms, EscrowStatus.Waiting, "nothing counts");
    }

    function test_what_is_not_in_the_log_or_older_than_the_agreement_is_refused() external {
        _stateVerdict(1, 2);
        ShipmentTerms memory terms = _terms();
        terms.fromIndex = 1;
        _begin(terms);
        uint64 index = _stateVerdict(1, 3);
        _anchor();
        (AnchoredHead memory head, ShownEntry memory shown) = (_head, _shown(0));
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.BeforeAgreement.selector, 0, 1));
        _escrow.showVerdict(terms, head, shown);
        shown = _shown(index);
        for (uint256 i = 0; i < 118; ++i) {
            shown.leafData[i] ^= 0x01;
            vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotInLog.selector, index));
            _escrow.showVerdict(terms, head, shown);
            shown.leafData[i] ^= 0x01;
        }
        head.root ^= bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.HeadNotAnchored.selector, _logId, 2));
        _escrow.showVerdict(terms, head, shown);
        head = _head;
        // The same log under another name is another log.
        terms.logId = keccak256("another");
        _begin(terms);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.HeadNotAnchored.selector, terms.logId, 2));
        _escrow.showVerdict(terms, head, shown);
    }

    /// @notice Whatever verdicts there are, and in whatever order they are shown: the same comes of it.
    function testFuzz_the_order_in_which_verdicts_are_shown_does_not_matter(uint256 seed) external {
        uint256 count = 1 + seed % 6;
        for (uint48 i = 0; i < count; ++i) {
            _stateVerdict(int64(uint64(1 + (seed >> (8 + 2 * i)) % 3)), i + 1);
        }
        _anchor();
        ShipmentTerms memory terms = _terms();
        // What is expected: the newest counts, and a good one behind an excursion waits.
        uint256 newest = 1 + (seed >> (8 + 2 * (count - 1))) % 3;
        bool excursion;
        for (uint256 i = 0; i + 1 < count; ++i) {
            if (1 + (seed >> (8 + 2 * i)) % 3 == 2) excursion = true;
        }
        EscrowStatus expected = EscrowStatus.Waiting;
        if (newest == 1 && !excursion) expected = EscrowStatus.Paying;
        if (newest == 2) expected = EscrowStatus.Refunding;
        for (uint256 order = 0; order < 3; ++order) {
            terms.salt = bytes32(order);
            _begin(terms);
            for (uint256 i = 0; i < count; ++i) {
                uint256 next = order == 0 ? i : order == 1 ? count - 1 - i : (i + (seed >> 64)) % count;
                try _escrow.showVerdict(terms, _head, _shown(uint64(next))) {} catch {}
            }
            expectUint(uint256(_status(terms)), uint256(expected), "as the rules say");
            expectUint(_escrow.standingOf(terms).number, count, "the newest");
        }
    }

    // ---- readings ----

    /// @dev `count` readings from number 1 on, five minutes apart; the first is five minutes after it left.
    function _readAll(int64[] memory values) private {
        for (uint48 i = 0; i < values.length; ++i) {
            _read(values[i], LEFT_AT + (i + 1) * 5 * MINUTE, i + 1);
        }
        _anchor();
    }

    function _warm(uint256 count, int64 value) private pure returns (int64[] memory values) {
        values = new int64[](count);
        for (uint256 i = 0; i < count; ++i) {
            values[i] = value;
        }
    }

    function _show(ShipmentTerms memory terms, uint64 index, uint256 count) private {
        ShownEntry[] memory shown = _shownFrom(index, count);
        AnchoredHead memory head = _head;
        vm.prank(BUYER);
        _escrow.showExcursion(terms, 0, head, shown);
    }

    function _expectNoExcursion(ShipmentTerms memory terms, uint64 index, uint256 count, bytes4 selector) private {
        ShownEntry[] memory shown = _shownFrom(index, count);
        AnchoredHead memory head = _head;
        vm.expectPartialRevert(selector);
        vm.prank(BUYER);
        _escrow.showExcursion(terms, 0, head, shown);
    }

    function test_readings_outside_for_too_long_beat_a_good_verdict() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 8001));
        _verdict(terms, 1, 2);
        _show(terms, 0, 7);
        _expectStatus(terms, EscrowStatus.Excursion, "excursion");
        vm.warp(START + WINDOW);
        _expectDecided(terms, DecidedBy.Readings, 0);
        _claim(terms, BUYER);
        expectUint(_token.balanceOf(BUYER), AMOUNT, "paid back");
    }

    function test_readings_outside_for_as_long_as_is_tolerated_are_an_excursion_and_for_less_are_none() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        int64[] memory values = _warm(8, 8001);
        values[7] = 5000;
        _readAll(values);
        _expectNoExcursion(terms, 0, 6, IColdChainEscrow.Tolerated.selector);
        // The one inside ends it: until then the one before stood.
        _expectNoExcursion(terms, 2, 6, IColdChainEscrow.Tolerated.selector);
        _show(terms, 1, 7);
        expectUint(_escrow.standingOf(terms).claims, 1, "shown");
    }

    /// @notice A tree of one's own proves whatever one likes: only what the registry has counts.
    function test_readings_under_a_head_that_nobody_anchored_show_and_refute_nothing() external {
        ShipmentTerms memory terms = _terms();
        terms.sensors[0].toleratedMs = 0;
        _begin(terms);
        _readAll(_warm(7, 9000));
        AnchoredHead memory head = _head;
        ShownEntry[] memory forged = new ShownEntry[](1);
        forged[0].leafData = _entry(1, SENSOR, 30, -3, 0, 9000, LEFT_AT + 17 * MINUTE, 1);
        AnchoredHead memory own = AnchoredHead(1, head.time, ReferenceTree.leaf(forged[0].leafData));
        bytes memory notAnchored = abi.encodeWithSelector(IColdChainEscrow.HeadNotAnchored.selector, _logId, 1);
        vm.prank(BUYER);
        vm.expectRevert(notAnchored);
        _escrow.showExcursion(terms, 0, own, forged);
        _show(terms, 0, 7);
        forged[0].leafData = _entry(1, SENSOR, 30, -3, 0, 5000, LEFT_AT + 17 * MINUTE, 8);
        own.root = ReferenceTree.leaf(forged[0].leafData);
        vm.prank(SELLER);
        vm.expectRevert(notAnchored);
        _escrow.refuteExcursion(terms, own, forged[0]);
    }

    function test_a_reading_at_the_very_edge_of_a_stretch_refutes_nothing() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        uint48 first = LEFT_AT + 5 * MINUTE;
        uint48 last = LEFT_AT + 35 * MINUTE;
        uint64 at = _read(5000, first - 1, 8);
        _read(5000, first, 9);
        _read(5000, last, 10);
        _read(5000, last + 1, 11);
        _read(5000, first + 1, 12);
        _anchor();
        _show(terms, 0, 7);
        AnchoredHead memory head = _head;
        for (uint64 i = 0; i < 4; ++i) {
            ShownEntry memory shown = _shown(at + i);
            vm.expectPartialRevert(IColdChainEscrow.RefutesNothing.selector);
            _escrow.refuteExcursion(terms, head, shown);
        }
        _escrow.refuteExcursion(terms, head, _shown(at + 4));
    }

    function test_a_stretch_begins_outside_ends_in_time_and_has_bounds() external {
        ShipmentTerms memory terms = _terms();
        terms.sensors[0].toMs = LEFT_AT + 35 * MINUTE;
        _begin(terms);
        int64[] memory values = _warm(8, 1999);
        _readAll(values);
        _expectNoExcursion(terms, 0, 8, IColdChainEscrow.OutsideTime.selector);
        _show(terms, 0, 7);
        // Another sensor's time ends earlier by a millisecond, and its gap is as long as it may be.
        terms.salt = "another";
        terms.sensors[0].gapMaxMs = uint32(5 * MINUTE);
        _begin(terms);
        _show(terms, 0, 7);
        terms.sensors[0].gapMaxMs -= 1;
        _begin(terms);
        _expectNoExcursion(terms, 0, 7, IColdChainEscrow.GapTooLong.selector);
        terms.salt = "inside at first";
        terms.sensors[0].gapMaxMs = uint32(15 * MINUTE);
        terms.sensors[0].toMs = LEFT_AT + 500 * MINUTE;
        _begin(terms);
        uint64 index = _read(5000, LEFT_AT + 45 * MINUTE, 9);
        for (uint48 i = 0; i < 7; ++i) {
            _read(1999, LEFT_AT + (50 + 5 * i) * MINUTE, 10 + i);
        }
        _anchor();
        _expectNoExcursion(terms, index, 8, IColdChainEscrow.NotOutside.selector);
        _expectNoExcursion(terms, index, 0, IColdChainEscrow.WrongReadingCount.selector);
        ShownEntry[] memory many = new ShownEntry[](257);
        AnchoredHead memory head = _head;
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.WrongReadingCount.selector, 257, 256));
        vm.prank(BUYER);
        _escrow.showExcursion(terms, 0, head, many);
    }

    /// @notice Behind the last window nothing is shown any more, though an excursion that was shown in time still stands.
    function test_nothing_is_shown_behind_the_last_window() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        vm.warp(terms.timeoutAt - 1);
        _verdict(terms, 1, 2);
        uint64 index = _stateVerdict(2, 3);
        _anchor();
        vm.warp(terms.timeoutAt + WINDOW - 2);
        _show(terms, 0, 7);
        vm.warp(terms.timeoutAt + WINDOW);
        _expectStatus(terms, EscrowStatus.Excursion, "it stands");
        (AnchoredHead memory head, ShownEntry memory shown) = (_head, _shown(index));
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.TooLate.selector, terms.timeoutAt + WINDOW));
        _escrow.showVerdict(terms, head, shown);
        vm.warp(terms.timeoutAt + WINDOW - 1);
        _escrow.showVerdict(terms, head, shown);
    }

    /// @notice What lies here is other shipments' too.
    function test_nobody_gets_more_than_the_shipment_has_or_what_is_anothers() external {
        ShipmentTerms memory terms = _terms();
        terms.salt = "another shipment";
        _begin(terms);
        terms = _terms();
        _begin(terms);
        _verdict(terms, 3, 2);
        vm.warp(START + WINDOW);
        bytes memory tooLarge = abi.encodeWithSelector(IColdChainEscrow.SplitTooLarge.selector, AMOUNT + 1, AMOUNT);
        vm.prank(ARBITER);
        vm.expectRevert(tooLarge);
        _escrow.arbitrate(terms, AMOUNT + 1);
        vm.prank(BUYER);
        vm.expectRevert(tooLarge);
        _escrow.agree(terms, AMOUNT + 1);
        vm.prank(BUYER);
        _escrow.agree(terms, AMOUNT);
        vm.prank(ARBITER);
        _escrow.arbitrate(terms, AMOUNT / 2);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, STRANGER, BUYER));
        vm.prank(STRANGER);
        _escrow.claim(terms, STRANGER, STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, address(0), BUYER));
        vm.prank(BUYER);
        _escrow.claim(terms, BUYER, address(0));
        _claim(terms, BUYER);
        expect(_escrow.standingOf(terms).buyerIsPaid && !_escrow.standingOf(terms).sellerIsPaid, "the buyer is paid");
        _claim(terms, SELLER);
        expect(_escrow.standingOf(terms).sellerIsPaid, "the seller is paid");
        expectUint(_token.balanceOf(address(_escrow)), AMOUNT, "the other shipment's");
    }

    function test_readings_below_count_as_those_above_and_are_not_mixed() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        int64[] memory values = _warm(14, 1999);
        values[3] = 8001;
        _readAll(values);
        _expectNoExcursion(terms, 0, 7, IColdChainEscrow.NotOutside.selector);
        _show(terms, 4, 7);
        _expectStatus(terms, EscrowStatus.Excursion, "excursion");
    }

    function test_readings_at_the_limit_are_inside() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        int64[] memory values = _warm(8, 8000);
        values[4] = 2000;
        _readAll(values);
        _expectNoExcursion(terms, 0, 7, IColdChainEscrow.NotOutside.selector);
        _expectNoExcursion(terms, 4, 4, IColdChainEscrow.NotOutside.selector);
    }

    function test_a_reading_inside_in_the_middle_a_number_left_out_and_a_long_silence_show_nothing() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        int64[] memory values = _warm(9, 9000);
        values[4] = 5000;
        _readAll(values);
        _expectNoExcursion(terms, 0, 9, IColdChainEscrow.NotOutside.selector);
        ShownEntry[] memory shown = _shownFrom(0, 8);
        for (uint256 i = 4; i < 8; ++i) {
            shown[i] = _shown(uint64(i + 1));
        }
        AnchoredHead memory head = _head;
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotConsecutive.selector, 6, 5));
        vm.prank(BUYER);
        _escrow.showExcursion(terms, 0, head, shown);
        uint64 index = _read(9000, LEFT_AT + 100 * MINUTE, 10);
        _read(9000, LEFT_AT + 115 * MINUTE, 11);
        _read(9000, LEFT_AT + 130 * MINUTE + 1, 12);
        _anchor();
        _expectNoExcursion(terms, index, 3, IColdChainEscrow.GapTooLong.selector);
    }

    function test_readings_that_do_not_count_are_shown_and_passed_over() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        for (uint48 i = 0; i < 24; ++i) {
            // Every other is marked, with one bit after the other, and would be inside.
            _append(_entry(1, SENSOR, 30, -3, uint24(1 << i), 5000, LEFT_AT + (10 * i + 5) * MINUTE, 2 * i + 1));
            _read(9000, LEFT_AT + (10 * i + 10) * MINUTE, 2 * i + 2);
        }
        _anchor();
        // Estimated, substituted, simulated, conflict, no value, appended again, invalid, noise, exception, correction.
        uint24 unusable = 0x38D27;
        for (uint64 i = 0; i <= 14; ++i) {
            // Four readings outside are 30 minutes; the three between them have the bits i + 1, i + 2 and i + 3.
            if ((unusable >> (i + 1)) & 7 == 7) _show(terms, 2 * i + 1, 7);
            else _expectNoExcursion(terms, 2 * i + 1, 7, IColdChainEscrow.NotOutside.selector);
        }
        _expectStatus(terms, EscrowStatus.Excursion, "bits 15, 16 and 17");
    }

    function test_a_first_reading_that_does_not_count_shows_nothing() external {
        ShipmentTerms memory terms = _terms();
        terms.sensors[0].toleratedMs = 0;
        _begin(terms);
        _append(_entry(1, SENSOR, 30, -3, 1 << 11, 9000, LEFT_AT + MINUTE, 1));
        _anchor();
        _expectNoExcursion(terms, 0, 1, IColdChainEscrow.ReadingNotUsable.selector);
        _read(9000, LEFT_AT + 2 * MINUTE, 2);
        _anchor();
        // Where nothing is tolerated one is enough.
        _show(terms, 1, 1);
        _expectStatus(terms, EscrowStatus.Excursion, "excursion");
    }

    function test_readings_of_another_sensor_time_or_exponent_are_refused() external {
        ShipmentTerms memory terms = _terms();
        terms.sensors[0].toleratedMs = 0;
        _begin(terms);
        bytes4 none = IColdChainEscrow.NotOfSensor.selector;
        _append(_entry(1, SHIPMENT, 30, -3, 0, 9000, LEFT_AT, 1));
        _append(_entry(1, SENSOR, 31, -3, 0, 9000, LEFT_AT, 1));
        _append(_entry(1, SENSOR, 30, 0, 0, 9000, LEFT_AT, 1));
        _append(_entry(2, SENSOR, 30, -3, 0, 9000, LEFT_AT, 1));
        _read(9000, LEFT_AT - 1, 1);
        _read(9000, LEFT_AT + 5 * 1440 * MINUTE + 1, 2);
        // Without a clock of its own the agent's counts, which is when it left.
        _read(9000, 0, 3);
        _anchor();
        for (uint64 i = 0; i < 4; ++i) {
            _expectNoExcursion(terms, i, 1, none);
        }
        _expectNoExcursion(terms, 4, 1, IColdChainEscrow.OutsideTime.selector);
        _expectNoExcursion(terms, 5, 1, IColdChainEscrow.OutsideTime.selector);
        _expectNoExcursion(terms, 0, 0, IColdChainEscrow.WrongReadingCount.selector);
        (AnchoredHead memory head, ShownEntry[] memory shown) = (_head, _shownFrom(6, 1));
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.UnknownSensor.selector, 1));
        vm.prank(BUYER);
        _escrow.showExcursion(terms, 1, head, shown);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.NotParty.selector, STRANGER, BUYER));
        vm.prank(STRANGER);
        _escrow.showExcursion(terms, 0, head, shown);
        _show(terms, 6, 1);
    }

    function test_a_late_reading_that_was_inside_refutes_it_and_the_verdict_counts_again() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        // Came late: its number is behind all others, its time among them.
        uint64 late = _read(5000, LEFT_AT + 17 * MINUTE, 8);
        uint64 alsoOutside = _read(9000, LEFT_AT + 18 * MINUTE, 9);
        uint64 atTheEnd = _read(5000, LEFT_AT + 35 * MINUTE, 10);
        uint64 marked = _append(_entry(1, SENSOR, 30, -3, 1 << 17, 5000, LEFT_AT + 17 * MINUTE, 11));
        _verdict(terms, 1, 2);
        _show(terms, 0, 7);
        AnchoredHead memory head = _head;
        ShownEntry memory shown = _shown(alsoOutside);
        vm.expectPartialRevert(IColdChainEscrow.RefutesNothing.selector);
        _escrow.refuteExcursion(terms, head, shown);
        shown = _shown(atTheEnd);
        vm.expectPartialRevert(IColdChainEscrow.RefutesNothing.selector);
        _escrow.refuteExcursion(terms, head, shown);
        shown = _shown(marked);
        vm.expectPartialRevert(IColdChainEscrow.ReadingNotUsable.selector);
        _escrow.refuteExcursion(terms, head, shown);
        _escrow.refuteExcursion(terms, head, _shown(late));
        _expectStatus(terms, EscrowStatus.Paying, "the verdict counts");
        shown = _shown(late);
        _expectNotNow(terms, EscrowStatus.Paying);
        _escrow.refuteExcursion(terms, head, shown);
        // Shown with all that came late, it shows itself that it is none.
        _expectNoExcursion(terms, 0, 8, IColdChainEscrow.NotOutside.selector);
    }

    function test_a_late_reading_that_was_outside_or_earlier_does_not_break_it() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _read(9000, LEFT_AT + 10 * MINUTE, 1);
        _read(9000, LEFT_AT + 20 * MINUTE, 2);
        _read(9000, LEFT_AT + 15 * MINUTE, 3);
        _read(5000, LEFT_AT + 5 * MINUTE, 4);
        _read(9000, LEFT_AT + 30 * MINUTE, 5);
        _read(9000, LEFT_AT + 40 * MINUTE, 6);
        _anchor();
        _show(terms, 0, 6);
        _expectStatus(terms, EscrowStatus.Excursion, "excursion");
    }

    function test_the_buyer_shows_eight_times_at_most_and_one_at_a_time() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        uint64 late = _read(5000, LEFT_AT + 17 * MINUTE, 8);
        _anchor();
        for (uint256 i = 0; i < 8; ++i) {
            _show(terms, 0, 7);
            _expectNoExcursion(terms, 0, 7, IColdChainEscrow.NotNow.selector);
            _escrow.refuteExcursion(terms, _head, _shown(late));
        }
        _expectNoExcursion(terms, 0, 7, IColdChainEscrow.TooManyClaims.selector);
    }

    /// @notice While one stretch stands the buyer can show no other. Whoever refutes it when the verdict's window is over must not end everything by that.
    function test_who_refutes_late_leaves_the_buyer_a_window_to_show_what_else_there_is() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(14, 9000));
        uint64 late = _read(5000, LEFT_AT + 17 * MINUTE, 15);
        _verdict(terms, 1, 2);
        vm.warp(START + WINDOW - 1);
        _show(terms, 0, 7);
        vm.warp(START + 2 * WINDOW - 2);
        _escrow.refuteExcursion(terms, _head, _shown(late));
        _expectStatus(terms, EscrowStatus.Paying, "the verdict counts");
        expectUint(_escrow.standingOf(terms).until, START + 3 * WINDOW - 2, "a whole window");
        _show(terms, 7, 7);
        vm.warp(START + 3 * WINDOW - 2);
        _expectDecided(terms, DecidedBy.Readings, 0);
    }

    function test_who_refutes_behind_the_timeout_leaves_what_is_left_of_the_last_window() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        uint64 late = _read(5000, LEFT_AT + 17 * MINUTE, 8);
        _anchor();
        vm.warp(terms.timeoutAt - 1);
        _show(terms, 0, 7);
        vm.warp(terms.timeoutAt + 1);
        _escrow.refuteExcursion(terms, _head, _shown(late));
        _expectStatus(terms, EscrowStatus.Waiting, "there is no verdict");
        expectUint(_escrow.standingOf(terms).until, terms.timeoutAt + WINDOW, "the last window");
        vm.warp(terms.timeoutAt + WINDOW);
        _expectDecided(terms, DecidedBy.Timeout, AMOUNT / 4);
    }

    function test_the_first_verdict_behind_a_refuted_excursion_has_a_window_of_its_own() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        uint64 late = _read(5000, LEFT_AT + 17 * MINUTE, 8);
        _anchor();
        _show(terms, 0, 7);
        _escrow.refuteExcursion(terms, _head, _shown(late));
        vm.warp(START + WINDOW - 1);
        _verdict(terms, 3, 2);
        vm.warp(START + WINDOW);
        vm.prank(ARBITER);
        vm.expectRevert(abi.encodeWithSelector(IColdChainEscrow.TooEarly.selector, START + 2 * WINDOW - 1));
        _escrow.arbitrate(terms, 7);
    }

    function test_readings_are_shown_before_it_is_decided_or_not_at_all() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        _verdict(terms, 1, 2);
        vm.warp(START + WINDOW);
        _expectNoExcursion(terms, 0, 7, IColdChainEscrow.NotNow.selector);
        _claim(terms, SELLER);
        _expectNoExcursion(terms, 0, 7, IColdChainEscrow.NotNow.selector);
        expectUint(_token.balanceOf(SELLER), AMOUNT, "paid");
    }

    function test_what_is_shown_at_the_very_last_gets_its_window_all_the_same() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        vm.warp(terms.timeoutAt - 1);
        _show(terms, 0, 7);
        vm.warp(terms.timeoutAt + WINDOW - 2);
        _expectStatus(terms, EscrowStatus.Excursion, "excursion");
        vm.warp(terms.timeoutAt + WINDOW - 1);
        _expectDecided(terms, DecidedBy.Readings, 0);
    }

    function test_both_may_agree_whatever_was_shown() external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        _readAll(_warm(7, 9000));
        _verdict(terms, 1, 2);
        _show(terms, 0, 7);
        vm.prank(BUYER);
        _escrow.agree(terms, AMOUNT / 2);
        vm.prank(SELLER);
        _escrow.agree(terms, AMOUNT / 2);
        _expectDecided(terms, DecidedBy.Agreement, AMOUNT / 2);
    }

    /// @dev What the ledger would say of a run from `first` on: held until the first reading inside, or the last one shown. [agent/ledgers/coldchain/excursions.ts]
    function _heldMs(int64[] memory values, uint256 first, uint256 count) private pure returns (bool isRun, uint256 heldMs) {
        bool isAbove = values[first] > 8000;
        if (!isAbove && values[first] >= 2000) return (false, 0);
        for (uint256 i = first + 1; i < first + count; ++i) {
            heldMs = (i - first) * 5 * MINUTE;
            bool isOutside = isAbove ? values[i] > 8000 : values[i] < 2000;
            if (!isOutside) return (i + 1 == first + count, heldMs);
        }
        return (true, heldMs);
    }

    function testFuzz_exactly_those_stretches_are_taken_that_a_ledger_would_count(uint256 seed) external {
        ShipmentTerms memory terms = _terms();
        _begin(terms);
        int64[] memory values = new int64[](12);
        for (uint256 i = 0; i < values.length; ++i) {
            uint256 any = uint256(keccak256(abi.encode(seed, i))) % 20;
            values[i] = any < 2 ? int64(5000) : any == 2 ? int64(1000) : any == 3 ? int64(8000) : int64(8001);
        }
        _readAll(values);
        uint256 first = seed % 6;
        uint256 count = 1 + (seed >> 8) % (12 - first);
        (bool isRun, uint256 heldMs) = _heldMs(values, first, count);
        ShownEntry[] memory shown = _shownFrom(uint64(first), count);
        AnchoredHead memory head = _head;
        vm.prank(BUYER);
        try _escrow.showExcursion(terms, 0, head, shown) {
            expect(isRun && heldMs >= 30 * MINUTE, "it was no excursion");
        } catch {
            expect(!isRun || heldMs < 30 * MINUTE, "it was one");
        }
    }
}

/// @notice Lives the lives of some shipments by chance: a log that says this and that, and people who agree, show, refute, decide and ask for their money.
contract EscrowHandler is EscrowWorld {
    uint256 private constant DEALS = 6;
    uint256 private constant VERDICTS = 8;

    mapping(uint256 deal => uint256) public paidIn;
    mapping(uint256 deal => uint256) public paidOut;
    mapping(uint256 deal => bytes32) private _decidedAs;
    mapping(bytes32 action => uint256) public done;
    string public broken;
    address private immutable _owner = msg.sender;

    constructor() {
        _build(new TestToken());
        for (uint48 i = 0; i < VERDICTS; ++i) {
            _stateVerdict(int64(uint64(1 + uint256(keccak256(abi.encode(i))) % 3)), i + 1);
        }
        for (uint48 i = 0; i < 7; ++i) {
            _read(9000, LEFT_AT + (i + 1) * 5 * MINUTE, i + 1);
        }
        _read(5000, LEFT_AT + 17 * MINUTE, 8);
        _anchor();
    }

    function _dealTerms(uint256 deal) private view returns (ShipmentTerms memory terms) {
        terms = _terms();
        terms.salt = bytes32(deal);
        terms.toSellerAtTimeout = uint128(AMOUNT * deal / (DEALS - 1));
        terms.amount = uint128(AMOUNT + deal);
    }

    function _fail(bool isBroken, string memory what) private {
        if (isBroken && bytes(broken).length == 0) broken = what;
    }

    /// @dev Before and after: what is decided stays so, by time or by an act.
    modifier watched(uint256 any) {
        _watch(any % DEALS);
        _;
        _watch(any % DEALS);
    }

    function _watch(uint256 deal) private {
        EscrowStanding memory now_ = _escrow.standingOf(_dealTerms(deal));
        bool isDecided = now_.status == EscrowStatus.Decided;
        bytes32 as_ = keccak256(abi.encode(now_.by, now_.toSeller));
        if (_decidedAs[deal] != 0) _fail(!isDecided || as_ != _decidedAs[deal], "a decision has changed");
        else if (isDecided) _decidedAs[deal] = as_;
    }

    function begin(uint256 any) external watched(any) {
        uint256 deal = any % DEALS;
        ShipmentTerms memory terms = _dealTerms(deal);
        EscrowStatus status = _status(terms);
        if (status == EscrowStatus.None && block.timestamp < terms.verdictDueAt) {
            _offer(terms);
            paidIn[deal] += terms.amount;
            done["offer"] += 1;
        } else if (status == EscrowStatus.Offered && any % 7 == 0) {
            vm.prank(BUYER);
            _escrow.cancel(terms);
            paidOut[deal] += terms.amount;
            done["cancel"] += 1;
        } else if (status == EscrowStatus.Offered && block.timestamp < terms.verdictDueAt) {
            vm.prank(SELLER);
            _escrow.accept(terms);
            done["accept"] += 1;
        }
    }

    function verdict(uint256 any, uint256 which) external watched(any) {
        ShipmentTerms memory terms = _dealTerms(any % DEALS);
        EscrowStatus before = _status(terms);
        try _escrow.showVerdict(terms, _head, _shown(uint64(which % VERDICTS))) {
            _fail(before < EscrowStatus.Paying || before == EscrowStatus.Decided, "a verdict counted out of time");
            done["verdict"] += 1;
        } catch {}
    }

    function readings(uint256 any, uint256 how) external watched(any) {
        ShipmentTerms memory terms = _dealTerms(any % DEALS);
        EscrowStatus before = _status(terms);
        if (how % 2 == 0) {
            ShownEntry[] memory shown = _shownFrom(uint64(VERDICTS), 7);
            vm.prank(BUYER);
            try _escrow.showExcursion(terms, 0, _head, shown) {
                _fail(before < EscrowStatus.Paying || before > EscrowStatus.Waiting, "readings counted out of time");
                done["readings"] += 1;
            } catch {}
        } else {
            try _escrow.refuteExcursion(terms, _head, _shown(uint64(VERDICTS + 7))) {
                _fail(before != EscrowStatus.Excursion, "nothing was refuted");
                done["refute"] += 1;
            } catch {}
        }
    }

    function say(uint256 any, uint256 who, uint128 toSeller) external watched(any) {
        ShipmentTerms memory terms = _dealTerms(any % DEALS);
        toSeller = uint128(toSeller % 4 == 0 ? toSeller % (terms.amount + 2) : AMOUNT / 2);
        address sender = who % 5 == 0 ? BUYER : who % 5 == 1 ? SELLER : ARBITER;
        EscrowStatus before = _status(terms);
        vm.prank(sender);
        if (sender == ARBITER) {
            try _escrow.arbitrate(terms, toSeller) {
                _fail(before != EscrowStatus.Waiting, "the arbiter decided what did not wait");
                done["arbitrate"] += 1;
            } catch {}
        } else {
            try _escrow.agree(terms, toSeller) {
                done["agree"] += 1;
            } catch {}
        }
    }

    function claim(uint256 any, uint256 who) external watched(any) {
        uint256 deal = any % DEALS;
        ShipmentTerms memory terms = _dealTerms(deal);
        address party = who % 2 == 0 ? BUYER : SELLER;
        EscrowStanding memory before = _escrow.standingOf(terms);
        uint256 balance = _token.balanceOf(party);
        try _escrow.claim(terms, party, party) returns (uint256 paid) {
            _fail(before.status != EscrowStatus.Decided, "paid before it was decided");
            _fail(paid != (party == SELLER ? before.toSeller : terms.amount - before.toSeller), "paid something else");
            _fail(party == SELLER ? before.sellerIsPaid : before.buyerIsPaid, "paid twice");
            _fail(_token.balanceOf(party) != balance + paid, "paid to somebody else");
            paidOut[deal] += paid;
            done["claim"] += 1;
        } catch {
            bool isPaid = party == SELLER ? before.sellerIsPaid : before.buyerIsPaid;
            uint256 part = party == SELLER ? before.toSeller : terms.amount - before.toSeller;
            _fail(before.status == EscrowStatus.Decided && !isPaid && part != 0, "a claim was refused");
        }
    }

    function pass(uint256 any) external {
        uint256 next = block.timestamp + between(any, 1, 12 hours);
        // The head must stay one that the registry has; and lives are short.
        if (next < START + 60 days) vm.warp(next);
    }

    function sums() external view returns (uint256 tokens, uint256 open) {
        tokens = _token.balanceOf(address(_escrow));
        for (uint256 i = 0; i < DEALS; ++i) {
            open += paidIn[i] - paidOut[i];
        }
    }

    /// @notice After all times are out everybody is paid, and nothing stays. For the test alone: the fuzzer's calls do nothing.
    function end() external returns (uint256 left) {
        if (msg.sender != _owner) return 0;
        vm.warp(START + 400 days);
        for (uint256 i = 0; i < DEALS; ++i) {
            if (_status(_dealTerms(i)) == EscrowStatus.Offered) {
                vm.prank(BUYER);
                _escrow.cancel(_dealTerms(i));
                continue;
            }
            if (_status(_dealTerms(i)) != EscrowStatus.None) _fail(_status(_dealTerms(i)) != EscrowStatus.Decided, "never decided");
            _watch(i);
            try _escrow.claim(_dealTerms(i), BUYER, BUYER) {} catch {}
            try _escrow.claim(_dealTerms(i), SELLER, SELLER) {} catch {}
        }
        return _token.balanceOf(address(_escrow));
    }
}

contract EscrowInvariantTest is EscrowWorld {
    EscrowHandler private _handler;

    function setUp() external {
        _handler = new EscrowHandler();
        vm.warp(START);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// forge-config: default.invariant.runs = 8
    /// forge-config: default.invariant.depth = 120
    function invariant_it_is_solvent_pays_once_and_changes_no_decision() public view {
        (uint256 tokens, uint256 open) = _handler.sums();
        expectUint(tokens, open, "tokens = paid in - paid out");
        expect(bytes(_handler.broken()).length == 0, _handler.broken());
    }

    function _live(bytes32 seed, uint256 steps) private {
        for (uint256 i = 0; i < steps; ++i) {
            uint256 any = uint256(keccak256(abi.encode(seed, i)));
            uint256 which = any % 16;
            if (which < 3) _handler.begin(any >> 8);
            else if (which < 6) _handler.verdict(any >> 8, any >> 64);
            else if (which == 6) _handler.readings(any >> 8, any >> 64);
            else if (which < 11) _handler.say(any >> 8, any >> 64, uint128(any >> 128));
            else if (which < 14) _handler.claim(any >> 8, any >> 64);
            else _handler.pass(any >> 8);
        }
    }

    /// forge-config: default.fuzz.runs = 8
    function testFuzz_at_the_end_everybody_is_paid_and_nothing_stays(uint256 seed) external {
        _live(bytes32(seed), 150);
        invariant_it_is_solvent_pays_once_and_changes_no_decision();
        expectUint(_handler.end(), 0, "nothing stays");
        expect(bytes(_handler.broken()).length == 0, _handler.broken());
    }

    /// @notice Some lives by fixed seeds, to see that all actions do happen.
    function test_lives_meet_everything() external {
        bytes32[9] memory actions = [bytes32("offer"), "cancel", "accept", "verdict", "readings", "refute", "agree", "arbitrate", "claim"];
        uint256[9] memory done;
        for (uint256 life = 0; life < 6; ++life) {
            _handler = new EscrowHandler();
            vm.warp(START);
            _live(bytes32(life), 150);
            invariant_it_is_solvent_pays_once_and_changes_no_decision();
            for (uint256 i = 0; i < actions.length; ++i) {
                done[i] += _handler.done(actions[i]);
            }
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            expect(done[i] >= 1, string(abi.encodePacked(actions[i], vm.toString(done[i]))));
        }
    }
}
