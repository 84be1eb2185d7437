// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnergyMarket} from "../../contracts/EnergyMarket.sol";
import {IEnergyMarket, MarketConfig, ProvenReading, ReadingStatus, Recipient, SlotStatus} from "../../contracts/IEnergyMarket.sol";
import {IMarketRules} from "../../contracts/IMarketRules.sol";
import {MarketProof} from "../../contracts/MarketProof.sol";
import {Balance, BalancesOpening, Certificate, DayHeader, MarketTypes, SlotHeader} from "../../contracts/MarketTypes.sol";
import {CallingToken, EighteenDecimalsToken, FeeToken, SilentToken, StrictToken} from "./MarketTokens.sol";
import {MarketWorld} from "./MarketWorld.sol";
import {TestToken} from "./TestToken.sol";

/// @notice Money and commitments, one promise a test.
contract EnergyMarketTest is MarketWorld {
    uint256 private constant ALICE_KEY = 0xa11ce;
    address private _alice = vm.addr(ALICE_KEY);
    address private constant BOB = address(0xb0b);

    function setUp() external {
        _build(address(new TestToken()));
        _fundBond();
    }

    function _rebuild(address token) private {
        _build(token);
        _fundBond();
    }

    // ---- making a market ----

    function test_its_code_fits_a_contract() external view {
        expect(address(_market).code.length <= 24_576, vm.toString(address(_market).code.length));
        expect(address(_rules).code.length <= 24_576, vm.toString(address(_rules).code.length));
    }

    function test_the_first_day_is_that_of_the_first_parameters() external view {
        expectUint(_market.firstDay(), FIRST_DAY, "the first day");
        expectUint(_market.latestDay(), FIRST_DAY - 1, "no day is posted");
        expectUint(_market.nanoPerUnit(), 1000, "nano in a unit of six decimals");
        expectBytes32(_market.market(), MARKET, "the market");
        expectBytes32(_market.domainSeparator(), MarketTypes.domainSeparator(address(_market)), "the domain");
        expectBytes32(_rules.domainSeparator(), _market.domainSeparator(), "the rules' domain");
    }

    function test_rules_of_another_market_are_refused() external {
        MarketConfig memory config = _config();
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.RulesOfAnother.selector, address(_rules), address(_market)));
        new EnergyMarket(config);
    }

    function test_a_token_finer_than_a_nano_is_refused() external {
        address token = address(new EighteenDecimalsToken());
        vm.warp(START - 2 hours);
        MarketConfig memory config = _config();
        config.token = token;
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.BadConfig.selector, bytes32("decimals"), 18, 0, 9));
        new EnergyMarket(config);
    }

    // ---- deposits ----

    function test_a_deposit_is_escrowed_for_its_account() external {
        _deposit(_alice, 250e6);
        (uint256 deposited, uint256 drawn,,) = _market.accountOf(_alice);
        expectUint(deposited, 250e6, "the deposit");
        expectUint(drawn, 0, "nothing is drawn");
        expectUint(_market.escrow(), 250e6, "the escrow");
        expectUint(_balanceOf(address(_market)), 250e6 + BOND_MIN, "the tokens");
        _give(BOB, 50e6);
        vm.prank(BOB);
        _market.depositFor(_alice, 50e6);
        (deposited,,,) = _market.accountOf(_alice);
        expectUint(deposited, 300e6, "another may pay in");
    }

    function test_a_token_that_takes_a_fee_is_refused() external {
        _build(address(new FeeToken()));
        _give(_alice, 100e6);
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TransferTookFee.selector, 100e6, 99e6));
        _market.deposit(100e6);
    }

    function test_a_token_that_returns_nothing_works() external {
        _rebuild(address(new SilentToken()));
        _deposit(_alice, 100e6);
        Balance[] memory balances = _balances(_alice, 5e9, BOB, -5e9);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        _makeFinal(FIRST_DAY);
        _claim(header, balances, _alice);
        expectUint(_balanceOf(_alice), 5e6, "paid");
    }

    function test_nothing_is_taken_before_the_court_stands() external {
        vm.etch(COURT, "");
        _give(_alice, 1);
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NoCourtThere.selector, COURT));
        _market.deposit(1);
    }

    function test_amounts_of_nothing_and_beyond_reason_are_refused() external {
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.ZeroAmount.selector));
        _market.deposit(0);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.AmountTooLarge.selector, uint256(1) << 96, (uint256(1) << 96) - 1));
        _market.deposit(1 << 96);
    }

    // ---- slots ----

    function test_a_slot_is_posted_once_and_after_its_gate() external {
        (SlotHeader memory header, Certificate memory certificate) = _slot(FIRST_SLOT);
        uint256 gate = START - 300;
        vm.warp(gate - 1);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.TooEarly.selector, gate));
        _market.postSlot(header, certificate);
        vm.warp(gate);
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NotOperator.selector, _alice));
        _market.postSlot(header, certificate);
        vm.prank(OPERATOR);
        _market.postSlot(header, certificate);
        bytes32 hash = MarketTypes.hash(header);
        expectBytes32(_market.slotCommit(FIRST_SLOT), hash, "the commitment");
        expect(_market.slotStatus(FIRST_SLOT) == SlotStatus.Posted, "its status");
        header.orderCount = 6;
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.SlotAlreadyPosted.selector, FIRST_SLOT, hash));
        _market.postSlot(header, certificate);
    }

    function test_a_wrong_price_is_refused_with_both_prices() external {
        vm.warp(START);
        (SlotHeader memory header, Certificate memory certificate) = _slot(FIRST_SLOT);
        (header.priceBuy, header.priceSell) = (180_001, 180_001);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(MarketProof.WrongPrices.selector, 180_001, 180_001, 180_000, 180_000));
        _market.postSlot(header, certificate);
    }

    function test_a_metered_slot_is_posted_after_it_has_ended() external {
        _mode = MarketTypes.METERED;
        _rebuild(address(_token));
        (SlotHeader memory header, Certificate memory certificate) = _slot(FIRST_SLOT);
        vm.warp(START + 899);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.TooEarly.selector, START + 900));
        _market.postSlot(header, certificate);
        vm.warp(START + 900);
        vm.prank(OPERATOR);
        _market.postSlot(header, certificate);
        header.slot += 1;
        header.mode = MarketTypes.FORWARD;
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.WrongMode.selector, MarketTypes.FORWARD, MarketTypes.METERED));
        _market.postSlot(header, certificate);
    }

    function test_a_slot_of_a_posted_day_is_refused() external {
        _postDay(FIRST_DAY, _balances(_alice, 0, BOB, 0));
        (SlotHeader memory header, Certificate memory certificate) = _slot(FIRST_SLOT + 5);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DayAlreadyPosted.selector, FIRST_DAY, FIRST_DAY));
        _market.postSlot(header, certificate);
    }

    function test_a_slot_before_the_market_or_of_no_version_is_refused() external {
        vm.warp(START);
        (SlotHeader memory header, Certificate memory certificate) = _slot(FIRST_SLOT);
        header.paramsVersion = 2;
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.WrongParams.selector, 2, FIRST_SLOT));
        _market.postSlot(header, certificate);
        (header.paramsVersion, header.slot) = (1, FIRST_SLOT - 1);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DayAlreadyPosted.selector, FIRST_DAY - 1, FIRST_DAY - 1));
        _market.postSlot(header, certificate);
    }

    // ---- days ----

    function test_a_day_is_posted_in_order_and_after_the_deadline_of_readings() external {
        (DayHeader memory header, BalancesOpening memory opening) = _day(FIRST_DAY, _balances(_alice, 1, BOB, -1));
        uint256 opensAt = START + 1 days + DEADLINE;
        vm.warp(opensAt - 1);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TooEarly.selector, opensAt));
        _market.postDay(header, opening);
        vm.warp(opensAt);
        header.day += 1;
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DayOutOfOrder.selector, FIRST_DAY + 1, FIRST_DAY));
        _market.postDay(header, opening);
        header.day -= 1;
        vm.prank(OPERATOR);
        _market.postDay(header, opening);
        (bytes32 hash, uint64 postedAt, uint64 finalAt) = _market.dayCommit(FIRST_DAY);
        expectBytes32(hash, MarketTypes.hash(header), "the commitment");
        expectUint(postedAt, opensAt, "when it was posted");
        expectUint(finalAt, opensAt + CHALLENGE, "when it is final");
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DayOutOfOrder.selector, FIRST_DAY, FIRST_DAY + 1));
        _market.postDay(header, opening);
    }

    function test_a_day_whose_money_does_not_sum_to_zero_is_refused() external {
        Balance[] memory balances = _balances(_alice, 1000, BOB, -400);
        balances[1].cumNano += 1;
        (DayHeader memory header, BalancesOpening memory opening) = _day(FIRST_DAY, balances);
        vm.warp(START + 2 days);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.CreditsUnequalDebits.selector, 1000, 999));
        _market.postDay(header, opening);
        // Nor does it help to open it with other sums.
        opening.rightDebit += 1;
        vm.prank(OPERATOR);
        vm.expectPartialRevert(IEnergyMarket.WrongBalancesRoot.selector);
        _market.postDay(header, opening);
    }

    function test_no_day_is_posted_without_the_bond() external {
        vm.prank(COURT);
        _market.slash("two headers", BOB);
        (DayHeader memory header, BalancesOpening memory opening) = _day(FIRST_DAY, _balances(_alice, 0, BOB, 0));
        vm.warp(START + 2 days);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.BondTooSmall.selector, BOND_MIN - PENALTY, BOND_MIN));
        _market.postDay(header, opening);
    }

    function test_voiding_a_day_voids_those_behind_it_and_they_may_be_posted_again() external {
        DayHeader[3] memory headers;
        for (uint64 i = 0; i < 3; ++i) {
            headers[i] = _postDay(FIRST_DAY + i, _balances(_alice, int128(uint128(i)), BOB, 0));
        }
        vm.prank(COURT);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DayIsFinal.selector, FIRST_DAY));
        _market.voidDay(FIRST_DAY, "row", BOB, true);
        vm.prank(COURT);
        _market.voidDay(FIRST_DAY + 1, "row", BOB, true);
        expectUint(_market.latestDay(), FIRST_DAY, "the newest day");
        (bytes32 hash,,) = _market.dayCommit(FIRST_DAY + 2);
        expectBytes32(hash, 0, "nothing is left of it");
        expectUint(_market.creditOf(BOB), PENALTY / 2, "the challenger's half");
        expectUint(_market.creditOf(POOL), PENALTY / 2, "the pool's half");
        expectUint(_market.bond(), BOND_MIN - PENALTY, "the bond");
        _give(OPERATOR, PENALTY);
        vm.prank(OPERATOR);
        _market.fundBond(PENALTY);
        _postDay(FIRST_DAY + 1, _balances(_alice, 7, BOB, 0));
        expectUint(_market.latestDay(), FIRST_DAY + 1, "the newest day");
    }

    function test_a_day_is_not_posted_for_ever() external {
        Balance[] memory balances = _balances(_alice, 0, BOB, 0);
        for (uint256 i = 0; i < 16; ++i) {
            _postDay(FIRST_DAY, balances);
            vm.prank(COURT);
            _market.voidDay(FIRST_DAY, "row", BOB, false);
        }
        (DayHeader memory header, BalancesOpening memory opening) = _day(FIRST_DAY, balances);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TooManyAttempts.selector, FIRST_DAY));
        _market.postDay(header, opening);
    }

    function test_voiding_a_slot_voids_its_day_and_it_is_never_posted_again() external {
        vm.warp(START);
        SlotHeader memory slot = _postSlot(FIRST_SLOT);
        _postDay(FIRST_DAY, _balances(_alice, 0, BOB, 0));
        vm.prank(COURT);
        _market.voidSlot(FIRST_SLOT, "order set", BOB, true);
        expect(_market.slotStatus(FIRST_SLOT) == SlotStatus.Voided, "its status");
        expectBytes32(_market.slotCommit(FIRST_SLOT), 0, "its commitment");
        expectUint(_market.latestDay(), FIRST_DAY - 1, "its day fell");
        (, Certificate memory certificate) = _slot(FIRST_SLOT);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.SlotIsVoid.selector, FIRST_SLOT));
        _market.postSlot(slot, certificate);
        vm.prank(COURT);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.SlotIsVoid.selector, FIRST_SLOT));
        _market.voidSlot(FIRST_SLOT, "order set", BOB, true);
        vm.prank(COURT);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.SlotNotPosted.selector, FIRST_SLOT + 1));
        _market.voidSlot(FIRST_SLOT + 1, "order set", BOB, true);
    }

    function test_only_the_court_judges() external {
        ProvenReading memory reading;
        bytes[5] memory calls = [
            abi.encodeCall(_market.voidSlot, (FIRST_SLOT, "x", BOB, true)),
            abi.encodeCall(_market.voidDay, (FIRST_DAY, "x", BOB, true)),
            abi.encodeCall(_market.slash, ("x", BOB)),
            abi.encodeCall(_market.recordReading, (FIRST_SLOT, "m", reading)),
            abi.encodeCall(_market.moveCredit, (BOB, _alice, 1))
        ];
        address[3] memory others = [OPERATOR, DSO, _alice];
        for (uint256 i = 0; i < calls.length; ++i) {
            for (uint256 j = 0; j < others.length; ++j) {
                vm.prank(others[j]);
                (bool taken, bytes memory problem) = address(_market).call(calls[i]);
                expect(!taken, "refused");
                expectBytes32(
                    keccak256(problem),
                    keccak256(abi.encodeWithSelector(IEnergyMarket.NotCourt.selector, others[j])),
                    "because of who calls"
                );
            }
        }
    }

    // ---- claims ----

    function _indexOf(Balance[] memory balances, address account) private pure returns (uint256 index) {
        while (balances[index].account != account) ++index;
    }

    function _claim(DayHeader memory header, Balance[] memory balances, address account) private returns (uint256) {
        uint256 index = _indexOf(balances, account);
        return _market.claim(header, balances[index], index, _path(balances, index));
    }

    function test_credit_of_a_final_day_is_paid_once_to_its_account() external {
        _deposit(BOB, 1000e6);
        // 76.0005 of currency: the half unit stays.
        Balance[] memory balances = _balances(_alice, 76_000_500, BOB, -76_000_500);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        uint256 index = _indexOf(balances, _alice);
        bytes memory path = _path(balances, index);
        (,, uint64 finalAt) = _market.dayCommit(FIRST_DAY);
        vm.warp(finalAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DayNotFinal.selector, FIRST_DAY, finalAt));
        _market.claim(header, balances[index], index, path);
        vm.warp(finalAt);
        // Whoever sends it.
        vm.prank(BOB);
        expectUint(_market.claim(header, balances[index], index, path), 76_000, "what is paid");
        expectUint(_balanceOf(_alice), 76_000, "who is paid");
        expectUint(_market.escrow(), 1000e6 - 76_000, "the escrow");
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NothingToPay.selector, _alice));
        _market.claim(header, balances[index], index, path);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NothingToPay.selector, BOB));
        _market.claim(header, balances[4 + 3 - index], 4 + 3 - index, _path(balances, 4 + 3 - index));
    }

    function test_claims_add_up_over_days_and_only_the_latest_final_one_counts() external {
        _deposit(BOB, 1000e6);
        Balance[] memory first = _balances(_alice, 50e9, BOB, -50e9);
        Balance[] memory second = _balances(_alice, 80e9, BOB, -80e9);
        DayHeader memory one = _postDay(FIRST_DAY, first);
        _makeFinal(FIRST_DAY);
        _claim(one, first, _alice);
        DayHeader memory two = _postDay(FIRST_DAY + 1, second);
        // Until the next is final the first one counts.
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NothingToPay.selector, _alice));
        this.claimOf(one, first, _alice);
        _makeFinal(FIRST_DAY + 1);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NotLatestFinalDay.selector, FIRST_DAY));
        this.claimOf(one, first, _alice);
        expectUint(_claim(two, second, _alice), 30e6, "the rest");
        expectUint(_balanceOf(_alice), 80e6, "all of it");
    }

    /// @dev So that a test can expect this call, paths and all, to revert.
    function claimOf(DayHeader memory header, Balance[] memory balances, address account) external {
        uint256 index = _indexOf(balances, account);
        bytes memory path = _path(balances, index);
        _market.claim(header, balances[index], index, path);
    }

    function test_a_leaf_that_was_changed_is_not_paid() external {
        _deposit(BOB, 1000e6);
        Balance[] memory balances = _balances(_alice, 50e9, BOB, -50e9);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        _makeFinal(FIRST_DAY);
        uint256 index = _indexOf(balances, _alice);
        bytes memory path = _path(balances, index);
        Balance memory bent = balances[index];
        bent.cumNano += 1000;
        vm.expectPartialRevert(MarketProof.WrongRoot.selector);
        _market.claim(header, bent, index, path);
        bent.cumNano -= 1000;
        bent.account = address(0xbad);
        vm.expectPartialRevert(MarketProof.WrongRoot.selector);
        _market.claim(header, bent, index, path);
        bent.account = _alice;
        vm.expectPartialRevert(MarketProof.WrongRoot.selector);
        _market.claim(header, bent, index - 1, path);
        header.accountCount = 6;
        vm.expectPartialRevert(IEnergyMarket.WrongDayHeader.selector);
        _market.claim(header, bent, index, path);
    }

    function test_a_day_that_was_voided_pays_nothing() external {
        _deposit(BOB, 1000e6);
        Balance[] memory balances = _balances(_alice, 50e9, BOB, -50e9);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        vm.prank(COURT);
        _market.voidDay(FIRST_DAY, "row", BOB, false);
        vm.warp(block.timestamp + 30 days);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DayOutOfOrder.selector, FIRST_DAY, FIRST_DAY - 1));
        this.claimOf(header, balances, _alice);
    }

    function test_claims_never_touch_bond_and_credits() external {
        _fundCredit(BOB, 500e6);
        Balance[] memory balances = _balances(_alice, 50e9, BOB, -50e9);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        _makeFinal(FIRST_DAY);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EscrowTooSmall.selector, 50e6, 0));
        this.claimOf(header, balances, _alice);
    }

    // ---- tokens that misbehave ----

    function test_a_token_that_calls_back_finds_the_market_locked() external {
        CallingToken token = new CallingToken();
        _rebuild(address(token));
        _deposit(BOB, 1000e6);
        Balance[] memory balances = _balances(_alice, 50e9, BOB, -50e9);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        _makeFinal(FIRST_DAY);
        uint256 index = _indexOf(balances, _alice);
        bytes memory path = _path(balances, index);
        bytes[4] memory calls = [
            abi.encodeCall(_market.claim, (header, balances[index], index, path)),
            abi.encodeCall(_market.deposit, (1)),
            abi.encodeCall(_market.fundCredit, (1)),
            abi.encodeCall(_market.collect, (_toItself(), BOB))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            _give(BOB, 1);
            token.callBack(address(_market), calls[i]);
            if (i == 0) {
                _market.claim(header, balances[index], index, path);
            } else {
                vm.prank(BOB);
                _market.deposit(1);
            }
            expect(!token.answered(), "it is refused");
            expectBytes32(
                keccak256(token.answer()), keccak256(abi.encodeWithSelector(IEnergyMarket.Reentered.selector)), "because it is locked"
            );
        }
        expectUint(_balanceOf(_alice), 50e6, "paid once");
    }

    function test_a_stopped_token_delays_a_claim_and_loses_none() external {
        StrictToken token = new StrictToken();
        _rebuild(address(token));
        _deposit(BOB, 1000e6);
        Balance[] memory balances = _balances(_alice, 50e9, BOB, -50e9);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        _makeFinal(FIRST_DAY);
        token.pause(true);
        vm.expectRevert(abi.encodeWithSelector(StrictToken.Paused.selector));
        this.claimOf(header, balances, _alice);
        token.pause(false);
        expectUint(_claim(header, balances, _alice), 50e6, "paid");
    }

    function _payout(address to, uint64 validUntil, uint256 nonce) private view returns (Recipient memory) {
        bytes32 message = MarketTypes.payoutStructHash(_alice, to, MARKET, validUntil, nonce);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ALICE_KEY, MarketTypes.digest(_market.domainSeparator(), message));
        return Recipient(to, validUntil, abi.encodePacked(r, s, v));
    }

    function test_an_account_that_the_token_refuses_is_paid_where_its_owner_signs() external {
        StrictToken token = new StrictToken();
        _rebuild(address(token));
        _deposit(BOB, 1000e6);
        Balance[] memory balances = _balances(_alice, 50e9, BOB, -50e9);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        _makeFinal(FIRST_DAY);
        token.refuse(_alice);
        vm.expectRevert(abi.encodeWithSelector(StrictToken.Refused.selector, _alice));
        this.claimOf(header, balances, _alice);

        uint256 index = _indexOf(balances, _alice);
        bytes memory path = _path(balances, index);
        address elsewhere = address(0xe15e);
        uint64 until = uint64(block.timestamp);
        Recipient memory recipient = _payout(elsewhere, until, 0);
        recipient.to = address(0xbad);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.BadSignature.selector, _alice));
        _market.claimTo(header, balances[index], index, path, recipient);
        recipient = _payout(elsewhere, until - 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TooLate.selector, until - 1));
        _market.claimTo(header, balances[index], index, path, recipient);
        recipient = _payout(elsewhere, until, 1);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.BadSignature.selector, _alice));
        _market.claimTo(header, balances[index], index, path, recipient);
        recipient = _payout(elsewhere, until, 0);
        _market.claimTo(header, balances[index], index, path, recipient);
        expectUint(_balanceOf(elsewhere), 50e6, "paid elsewhere");
        expectUint(_market.payoutNonceOf(_alice), 1, "the signature is used up");
    }

    function test_a_malleable_signature_is_refused() external {
        Balance[] memory balances = _balances(_alice, 50e9, BOB, -50e9);
        _deposit(BOB, 1000e6);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        _makeFinal(FIRST_DAY);
        bytes32 digest =
            MarketTypes.digest(_market.domainSeparator(), MarketTypes.payoutStructHash(_alice, BOB, MARKET, uint64(block.timestamp), 0));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ALICE_KEY, digest);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory twin = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        uint256 index = _indexOf(balances, _alice);
        bytes memory path = _path(balances, index);
        Recipient memory recipient = Recipient(BOB, uint64(block.timestamp), twin);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.BadSignature.selector, _alice));
        _market.claimTo(header, balances[index], index, path, recipient);
        recipient.signature = abi.encodePacked(r, s);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.BadSignature.selector, _alice));
        _market.claimTo(header, balances[index], index, path, recipient);
        recipient.signature = abi.encodePacked(r, s, v);
        _market.claimTo(header, balances[index], index, path, recipient);
    }

    // ---- withdrawals ----

    function _withdrawOf(DayHeader memory header, Balance[] memory balances, address account) private returns (uint256) {
        uint256 index = _indexOf(balances, account);
        return _market.withdraw(header, balances[index], index, _path(balances, index), _toItself());
    }

    function withdrawOf(DayHeader memory header, Balance[] memory balances, address account) external {
        _withdrawOf(header, balances, account);
    }

    function test_a_deposit_is_paid_back_when_all_before_the_request_is_final() external {
        _deposit(_alice, 100e6);
        vm.warp(START + 100);
        vm.prank(_alice);
        _market.requestWithdrawal(60e6);
        Balance[] memory balances = _balances(_alice, -10e9, BOB, 10e9);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        _makeFinal(FIRST_DAY);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TooEarly.selector, START + 100 + WITHDRAW));
        this.withdrawOf(header, balances, _alice);
        vm.warp(START + 100 + WITHDRAW);
        expectUint(_withdrawOf(header, balances, _alice), 60e6, "what was asked for");
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NoWithdrawalRequested.selector, _alice));
        this.withdrawOf(header, balances, _alice);
        (uint256 deposited,, uint256 pending,) = _market.accountOf(_alice);
        expectUint(deposited, 40e6, "the rest");
        expectUint(pending, 0, "nothing is pending");
    }

    function test_a_debt_stays_in_escrow() external {
        _deposit(_alice, 100e6);
        vm.warp(START + 100);
        vm.prank(_alice);
        _market.requestWithdrawal(100e6);
        // 70.0000001 of debt: rounded up.
        Balance[] memory balances = _balances(_alice, -70_000_000_100, BOB, 70_000_000_100);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        vm.warp(START + 100 + WITHDRAW);
        expectUint(_withdrawOf(header, balances, _alice), 30e6 - 1, "what is free");
        expectUint(_claim(header, balances, BOB), 70e6, "the other side is paid");
    }

    function test_a_day_before_the_request_frees_nothing() external {
        _deposit(_alice, 100e6);
        Balance[] memory balances = _balances(_alice, 0, BOB, 0);
        DayHeader memory header = _postDay(FIRST_DAY, balances);
        _makeFinal(FIRST_DAY);
        vm.prank(_alice);
        _market.requestWithdrawal(100e6);
        uint64 requestDay = uint64(block.timestamp / 1 days);
        vm.warp(block.timestamp + WITHDRAW);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DayBeforeRequest.selector, FIRST_DAY, requestDay));
        this.withdrawOf(header, balances, _alice);
    }

    function test_more_than_the_deposit_cannot_be_asked_for() external {
        _deposit(_alice, 100e6);
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DepositTooSmall.selector, _alice, 101e6, 100e6));
        _market.requestWithdrawal(101e6);
    }

    // ---- bond ----

    function test_the_least_bond_stays_and_the_rest_comes_back_after_the_delay() external {
        _give(OPERATOR, 500e6);
        vm.prank(OPERATOR);
        _market.fundBond(500e6);
        vm.prank(OPERATOR);
        _market.requestBondWithdrawal(800e6);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TooEarly.selector, block.timestamp + WITHDRAW));
        _market.withdrawBond();
        vm.warp(block.timestamp + WITHDRAW);
        vm.prank(OPERATOR);
        _market.withdrawBond();
        expectUint(_market.bond(), BOND_MIN, "the least");
        expectUint(_balanceOf(OPERATOR), 500e6, "the rest");
    }

    function test_a_bond_is_cut_to_nothing_and_no_further() external {
        for (uint256 i = 0; i < 12; ++i) {
            vm.prank(COURT);
            _market.slash("again", BOB);
        }
        expectUint(_market.bond(), 0, "nothing is left");
        expectUint(_market.creditOf(BOB) + _market.creditOf(POOL), BOND_MIN, "all of it went somewhere");
        _market.collect(_toItself(), BOB);
        _market.collect(_toItself(), POOL);
        expectUint(_balanceOf(BOB) + _balanceOf(POOL), BOND_MIN, "and is paid");
    }

    // ---- demands ----

    function _demand() private returns (uint64 slot, bytes32 meter) {
        (slot, meter) = (FIRST_SLOT + 3, "meter of alice");
        _register(meter, _alice);
        _fundCredit(_alice, STAKE);
        vm.warp(START + 4 * 900);
        vm.prank(_alice);
        _market.demandReading(slot, meter);
    }

    function test_a_demand_that_is_not_answered_makes_the_reading_missing() external {
        (uint64 slot, bytes32 meter) = _demand();
        expectUint(_market.creditOf(_alice), 0, "the stake is taken");
        uint256 answerBefore = block.timestamp + ANSWER;
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.AlreadyDemanded.selector, slot, meter));
        _market.demandReading(slot, meter);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TooEarly.selector, answerBefore));
        _market.closeDemand(slot, meter);
        vm.warp(answerBefore);
        _market.closeDemand(slot, meter);
        expect(_market.readingOf(slot, meter).status == ReadingStatus.Missing, "it is missing");
        expectUint(_market.creditOf(_alice), STAKE, "the stake comes back");
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NotDemanded.selector, slot, meter));
        _market.closeDemand(slot, meter);
    }

    function test_a_demand_that_is_answered_pays_the_operator() external {
        (uint64 slot, bytes32 meter) = _demand();
        ProvenReading memory reading = ProvenReading(ReadingStatus.None, true, 0, -425, 7, 8, 9, 10);
        vm.prank(COURT);
        _market.recordReading(slot, meter, reading);
        ProvenReading memory known = _market.readingOf(slot, meter);
        expect(known.status == ReadingStatus.Proven && known.acknowledged, "it is proven");
        expectInt(known.meteredWh, -425, "what it was");
        expectUint(known.exportTo, 10, "what it rests on");
        expectUint(known.recordedAt, block.timestamp, "when");
        expectUint(_market.creditOf(OPERATOR), STAKE, "the stake");
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.AlreadyKnown.selector, slot, meter));
        _market.demandReading(slot, meter);
    }

    function test_demands_come_from_the_owner_or_the_dso_in_time_and_with_a_stake() external {
        bytes32 meter = "meter of alice";
        _register(meter, _alice);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NotOwnerNorDso.selector, BOB, _alice));
        _market.demandReading(FIRST_SLOT, meter);
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TooEarly.selector, START + 900));
        _market.demandReading(FIRST_SLOT, meter);
        vm.warp(START + 900);
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.CreditTooSmall.selector, _alice, STAKE, 0));
        _market.demandReading(FIRST_SLOT, meter);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.UnknownMeter.selector, bytes32("other"), FIRST_SLOT));
        _market.demandReading(FIRST_SLOT, "other");
        _fundCredit(DSO, 2 * STAKE);
        _postDay(FIRST_DAY, _balances(_alice, 0, BOB, 0));
        // There must be time to answer, and to hold the answer against the row.
        uint256 last = block.timestamp + CHALLENGE - ANSWER / 4 - ANSWER;
        vm.warp(last + 1);
        vm.prank(DSO);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TooLate.selector, last));
        _market.demandReading(FIRST_SLOT, meter);
        vm.warp(last);
        vm.prank(DSO);
        _market.demandReading(FIRST_SLOT, meter);
    }

    function test_a_reading_of_a_final_day_is_not_recorded_any_more() external {
        _register("meter of alice", _alice);
        _postDay(FIRST_DAY, _balances(_alice, 0, BOB, 0));
        _makeFinal(FIRST_DAY);
        ProvenReading memory reading;
        vm.prank(COURT);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.DayIsFinal.selector, FIRST_DAY));
        _market.recordReading(FIRST_SLOT, "meter of alice", reading);
    }

    function test_the_court_moves_stakes_and_no_more_than_there_is() external {
        _fundCredit(_alice, 30e6);
        vm.prank(COURT);
        _market.moveCredit(_alice, COURT, 30e6);
        vm.prank(COURT);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.CreditTooSmall.selector, _alice, 1, 0));
        _market.moveCredit(_alice, COURT, 1);
        vm.prank(COURT);
        _market.moveCredit(COURT, BOB, 30e6);
        _market.collect(_toItself(), BOB);
        expectUint(_balanceOf(BOB), 30e6, "paid");
    }

    // ---- the end ----

    function _haltWith(Balance[] memory balances) private returns (DayHeader memory header) {
        header = _postDay(FIRST_DAY, balances);
        uint64 haltableAt = uint64(block.timestamp) + ESCAPE;
        vm.warp(haltableAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.TooEarlyToHalt.selector, haltableAt));
        _market.halt();
        vm.warp(haltableAt);
        _market.halt();
    }

    function test_after_a_silence_everybody_takes_out_what_the_last_final_day_leaves() external {
        _deposit(_alice, 100e6);
        _deposit(BOB, 100e6);
        Balance[] memory balances = _balances(_alice, -30e9, BOB, 30e9);
        DayHeader memory header = _haltWith(balances);
        _exit(header, balances, _alice);
        _exit(header, balances, BOB);
        expectUint(_balanceOf(_alice), 70e6, "less what she owes");
        expectUint(_balanceOf(BOB), 130e6, "and what he earned");
        expectUint(_market.escrow(), 0, "nothing stays");
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NothingToPay.selector, _alice));
        this.exitOf(header, balances, _alice);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NothingToPay.selector, BOB));
        this.exitOf(header, balances, BOB);
        (DayHeader memory next, BalancesOpening memory opening) = _day(FIRST_DAY + 1, balances);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.MarketIsHalted.selector));
        _market.postDay(next, opening);
        vm.prank(OPERATOR);
        _market.requestBondWithdrawal(BOND_MIN);
        vm.warp(block.timestamp + WITHDRAW);
        vm.prank(OPERATOR);
        _market.withdrawBond();
        expectUint(_balanceOf(address(_market)), 0, "the bond goes back too");
    }

    function _exit(DayHeader memory header, Balance[] memory balances, address account) private {
        uint256 index = _indexOf(balances, account);
        _market.exit(header, balances[index], index, _path(balances, index), _toItself());
    }

    function exitOf(DayHeader memory header, Balance[] memory balances, address account) external {
        _exit(header, balances, account);
    }

    function test_without_any_day_deposits_come_back() external {
        _deposit(_alice, 100e6);
        vm.warp(START + ESCAPE);
        _market.halt();
        Balance memory none;
        DayHeader memory header;
        _market.exitAbsent(_alice, header, 0, none, "", none, "", _toItself());
        expectUint(_balanceOf(_alice), 100e6, "paid");
    }

    function test_whoever_is_not_in_the_last_day_gets_the_deposit_and_nobody_else_does() external {
        Balance[] memory balances = _balances(address(0x5000), 0, address(0x7000), 0);
        address[3] memory absent = [address(0x0fff), address(0x6000), address(0x9000)];
        for (uint256 i = 0; i < 3; ++i) {
            _deposit(absent[i], 10e6);
        }
        _deposit(address(0x7000), 10e6);
        DayHeader memory header = _haltWith(balances);
        Balance memory none;
        bytes[5] memory paths;
        for (uint256 i = 0; i < 5; ++i) {
            paths[i] = _path(balances, i);
        }
        // Before the first, between two, behind the last.
        _market.exitAbsent(absent[0], header, 0, none, "", balances[0], paths[0], _toItself());
        _market.exitAbsent(absent[1], header, 3, balances[3], paths[3], balances[4], paths[4], _toItself());
        _market.exitAbsent(absent[2], header, 4, balances[4], paths[4], none, "", _toItself());
        for (uint256 i = 0; i < 3; ++i) {
            expectUint(_balanceOf(absent[i]), 10e6, "paid");
        }
        Recipient memory itself = _toItself();
        // One who is there: between others, as his own neighbour, and with a neighbour left out.
        address there = address(0x7000);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NotAbsent.selector, there));
        _market.exitAbsent(there, header, 3, balances[3], paths[3], balances[4], paths[4], itself);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NotAbsent.selector, there));
        _market.exitAbsent(there, header, 4, balances[4], paths[4], none, "", itself);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NotAbsent.selector, there));
        _market.exitAbsent(there, header, 0, none, "", balances[0], paths[0], itself);
        // By a day that was never posted, in which he is not.
        (DayHeader memory other,) = _day(FIRST_DAY, _balances(address(0x5000), 0, address(0x8000), 0));
        Balance memory beyond = Balance(address(0x8000), 0, 0, 0);
        vm.expectPartialRevert(IEnergyMarket.WrongDayHeader.selector);
        _market.exitAbsent(there, other, 3, balances[3], paths[3], beyond, paths[4], itself);
        vm.expectPartialRevert(MarketProof.WrongRoot.selector);
        _market.exitAbsent(there, header, 2, balances[2], paths[2], balances[4], paths[4], itself);
    }

    function test_nobody_leaves_a_market_that_goes_on() external {
        _deposit(_alice, 100e6);
        Balance memory none;
        DayHeader memory header;
        Recipient memory itself = _toItself();
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.MarketIsNotHalted.selector));
        _market.exitAbsent(_alice, header, 0, none, "", none, "", itself);
    }
}
