// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnchorRegistry} from "../../contracts/IAnchorRegistry.sol";
import {IEnergyMarket, ProvenReading, ReadingStatus} from "../../contracts/IEnergyMarket.sol";
import {CourtConfig, IMarketCourt, Judge} from "../../contracts/IMarketCourt.sol";
import {MeterTerms, Tenure} from "../../contracts/IMarketRules.sol";
import {MarketAnswers, TakenOut} from "../../contracts/MarketAnswers.sol";
import {MarketCourt} from "../../contracts/MarketCourt.sol";
import {MarketDayJudge} from "../../contracts/MarketDayJudge.sol";
import {FillOpening, OrderOpening} from "../../contracts/MarketOpening.sol";
import {MarketReadings} from "../../contracts/MarketReadings.sol";
import {MarketSlotJudge} from "../../contracts/MarketSlotJudge.sol";
import {DayHeader, Delegation, MarketTypes, Order, SlotHeader} from "../../contracts/MarketTypes.sol";
import {Asked, Leaf, Target} from "../../contracts/MarketVerdict.sol";
import {CrossingProof, EntryProof, ReadingProof} from "../../contracts/MeterReading.sol";
import {CourtWorld} from "./CourtWorld.sol";

/// @notice A contract that signs whatever it was told to. [ERC-1271]
contract SigningContract {
    bytes32 public signed;

    function setSigned(bytes32 digest) external {
        signed = digest;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == signed ? SigningContract.isValidSignature.selector : bytes4(0);
    }
}

/// @notice Stakes, demands and readings: what the court does with what its judges say.
contract MarketCourtTest is CourtWorld {
    // ---- stakes ----

    function test_a_true_challenge_gets_its_stake_back_and_a_false_one_loses_it() external {
        bytes memory call = abi.encodeCall(MarketSlotJudge.tierWrong, (_header, _openTier(BIDS, 0)));
        _loses(Target.Slot, Judge.Slot, call, true);
        _tiers[BIDS][0].quantityWh = 0;
        _postTiers();
        call = abi.encodeCall(MarketSlotJudge.tierWrong, (_header, _openTier(BIDS, 0)));
        _wins(Target.Slot, Judge.Slot, call, "tier-empty", true);
        expectUint(_market.creditOf(address(_court)), 0, "the court keeps nothing");
    }

    function test_whoever_comes_second_loses_nothing() external {
        _tiers[BIDS][0].quantityWh = 0;
        _postTiers();
        bytes memory call = abi.encodeCall(MarketSlotJudge.tierWrong, (_header, _openTier(BIDS, 0)));
        _wins(Target.Slot, Judge.Slot, call, "tier-empty", true);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NothingStands.selector, Target.Slot, SLOT));
        vm.prank(CHALLENGER);
        _court.challenge(Target.Slot, SLOT, Judge.Slot, call);
    }

    function test_nothing_is_challenged_once_it_is_final_or_before_it_is_posted() external {
        bytes memory call = abi.encodeCall(MarketSlotJudge.tierWrong, (_header, _openTier(BIDS, 0)));
        vm.warp(block.timestamp + 2 days);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NothingStands.selector, Target.Slot, SLOT));
        _court.challenge(Target.Slot, SLOT, Judge.Slot, call);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NothingStands.selector, Target.Day, DAY));
        _court.challenge(Target.Day, DAY, Judge.Slot, call);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NothingStands.selector, Target.Slot, SLOT + 7));
        _court.challenge(Target.Slot, SLOT + 7, Judge.Slot, call);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NothingStands.selector, Target.None, SLOT));
        _court.challenge(Target.None, SLOT, Judge.Slot, call);
    }

    function test_a_proof_about_something_else_voids_nothing() external {
        _tiers[BIDS][0].quantityWh = 0;
        _postTiers();
        bytes memory call = abi.encodeCall(MarketSlotJudge.tierWrong, (_header, _openTier(BIDS, 0)));
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.OtherTarget.selector, Target.Slot, SLOT));
        vm.prank(CHALLENGER);
        _court.challenge(Target.Day, DAY, Judge.Slot, call);
        expectUint(_market.creditOf(CHALLENGER), 1000, "nothing is lost");
    }

    function test_attack_griefing_what_no_judge_understands_costs_nothing_and_does_nothing() external {
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NoVerdict.selector));
        vm.prank(CHALLENGER);
        _court.challenge(Target.Slot, SLOT, Judge.Slot, hex"12345678");
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NoVerdict.selector));
        vm.prank(CHALLENGER);
        _court.challenge(Target.Slot, SLOT, Judge.Slot, abi.encodeCall(MarketSlotJudge(address(0)).market, ()));
    }

    function test_attack_griefing_too_little_gas_is_no_verdict() external {
        _tiers[BIDS][0].quantityWh = 0;
        _postTiers();
        bytes memory call = abi.encodeCall(MarketSlotJudge.tierWrong, (_header, _openTier(BIDS, 0)));
        for (uint256 gas_ = 30_000; gas_ < 200_000; gas_ += 5000) {
            vm.prank(CHALLENGER);
            try _court.challenge{gas: gas_}(Target.Slot, SLOT, Judge.Slot, call) returns (bool won) {
                expect(won, "with enough gas it wins");
                return;
            } catch {
                expectUint(_market.creditOf(CHALLENGER), 1000, "with too little nothing is lost");
            }
        }
        expect(false, "enough gas is not that much");
    }

    function test_whoever_has_no_credit_challenges_nothing() external {
        bytes memory call = abi.encodeCall(MarketSlotJudge.tierWrong, (_header, _openTier(BIDS, 0)));
        vm.prank(address(0xdead));
        try _court.challenge(Target.Slot, SLOT, Judge.Slot, call) {
            expect(false, "no stake, no challenge");
        } catch {}
    }

    function test_a_court_takes_judges_of_its_own_market_only() external {
        address other = address(new MarketReadings(IEnergyMarket(address(0x77))));
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.JudgeOfAnother.selector, other, address(_market)));
        new MarketCourt(
            CourtConfig(
                address(_market), address(_slotJudge), address(_orderJudge), address(_dayJudge), address(_answers), other, uint128(STAKE)
            )
        );
    }

    // ---- equivocation ----

    function _statement(bytes32 headerHash, uint256 key) private view returns (bytes memory) {
        bytes32 struct_ = MarketTypes.statementStructHash(_rules.market(), SLOT, headerHash);
        return _sign(key, MarketTypes.digest(_market.domainSeparator(), struct_));
    }

    function _equivocation(bytes32 first, bytes memory firstSignature, bytes32 second, bytes memory secondSignature)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(MarketSlotJudge.equivocation, (SLOT, first, firstSignature, second, secondSignature));
    }

    function test_attack_equivocation_two_statements_for_one_slot_cost_the_bond_once() external {
        (bytes32 first, bytes32 second) = (keccak256("first"), keccak256("second"));
        bytes memory call = _equivocation(first, _statement(first, OPERATOR_KEY), second, _statement(second, OPERATOR_KEY));
        _wins(Target.Operator, Judge.Slot, call, "equivocation", true);
        expect(_market.slotCommit(SLOT) != 0, "the slot stands");
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NothingStands.selector, Target.Operator, SLOT));
        vm.prank(CHALLENGER);
        _court.challenge(Target.Operator, SLOT, Judge.Slot, call);
    }

    function test_attack_equivocation_a_statement_that_is_not_what_was_posted_costs_the_bond() external {
        bytes32 posted = MarketTypes.hash(_header);
        _loses(Target.Operator, Judge.Slot, _equivocation(posted, _statement(posted, OPERATOR_KEY), 0, ""), true);
        bytes32 other = keccak256("other");
        _wins(Target.Operator, Judge.Slot, _equivocation(other, _statement(other, OPERATOR_KEY), 0, ""), "equivocation", true);
    }

    function test_a_statement_of_somebody_else_says_nothing_of_the_operator() external {
        (bytes32 first, bytes32 second) = (keccak256("first"), keccak256("second"));
        bytes memory good = _statement(first, OPERATOR_KEY);
        _loses(Target.Operator, Judge.Slot, _equivocation(first, good, second, _statement(second, 7)), false);
        _loses(Target.Operator, Judge.Slot, _equivocation(first, good, second, good), false);
        _loses(Target.Operator, Judge.Slot, _equivocation(first, good, first, good), true);
        // The mirror image of a signature is none.
        bytes memory mirrored = abi.encodePacked(good);
        mirrored[64] = mirrored[64] == 0x1b ? bytes1(0x1c) : bytes1(0x1b);
        _loses(Target.Operator, Judge.Slot, _equivocation(first, mirrored, second, _statement(second, OPERATOR_KEY)), false);
    }

    // ---- demands ----

    function _askSlot(Leaf leaf, uint8 side, uint32 index, uint32 other) private view returns (Asked memory) {
        return Asked(leaf, SLOT, MarketTypes.hash(_header), side, index, other, 0);
    }

    function _askDay(Leaf leaf, uint32 index) private view returns (Asked memory) {
        return Asked(leaf, DAY, MarketTypes.hash(_day), 0, index, 0, 0);
    }

    function _demandOfSlot(Asked memory asked) private {
        vm.prank(CHALLENGER);
        _court.demandOfSlot(_header, asked);
        expectUint(_market.creditOf(address(_court)), STAKE, "at stake");
    }

    function _demandOfDay(Asked memory asked) private {
        vm.prank(CHALLENGER);
        _court.demandOfDay(_day, asked);
        expectUint(_market.creditOf(address(_court)), STAKE, "at stake");
    }

    /// @dev Shown in time, the stake is the operator's and nothing happens.
    function _isShown(Asked memory asked, bytes memory call) private {
        uint256 before = _market.creditOf(_market.operator());
        _court.show(asked, call);
        expectUint(_market.creditOf(_market.operator()), before + STAKE, "the operator has the stake");
        expectUint(_market.slashes(), 0, "nothing happened");
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NotDemanded.selector, keccak256(abi.encode(asked))));
        _court.closeDemand(asked);
    }

    /// @dev Not shown in time, the stake comes back, what was asked about is void and the bond falls.
    function _isNotShown(Asked memory asked, bool isOfDay) private {
        uint256 before = _market.creditOf(CHALLENGER);
        vm.warp(block.timestamp + 24 hours - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.TooEarly.selector, block.timestamp + 1));
        _court.closeDemand(asked);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.TooLate.selector, block.timestamp));
        _court.show(asked, "");
        _court.closeDemand(asked);
        expectUint(_market.creditOf(CHALLENGER), before + STAKE, "the stake is back");
        expectBytes32(_market.lastReason(), "not-shown", "reason");
        expectUint(_market.slashes(), 1, "the bond fell");
        if (isOfDay) {
            (bytes32 hash,,) = _market.dayCommit(DAY);
            expect(hash == 0, "the day is void");
        } else {
            expect(_market.isVoid(SLOT), "the slot is void");
        }
    }

    function test_attack_data_withholding_a_leaf_of_a_slot_that_is_not_shown_voids_it() external {
        Asked memory asked = _askSlot(Leaf.OrderInSet, 0, 3, 0);
        _demandOfSlot(asked);
        _isNotShown(asked, false);
    }

    function test_attack_data_withholding_a_leaf_of_a_day_that_is_not_shown_voids_it() external {
        Asked memory asked = _askDay(Leaf.Row, 9);
        _demandOfDay(asked);
        _isNotShown(asked, true);
    }

    function test_leaves_of_a_slot_are_shown() external {
        Asked memory asked = _askSlot(Leaf.OrderInSet, 0, 3, 0);
        _demandOfSlot(asked);
        _isShown(asked, abi.encodeCall(MarketAnswers.showOrderInSet, (_header, _openOrder(3))));
        asked = _askSlot(Leaf.Tier, ASKS, 1, 0);
        _demandOfSlot(asked);
        _isShown(asked, abi.encodeCall(MarketAnswers.showTier, (_header, _openTier(ASKS, 1))));
        asked = _askSlot(Leaf.Fill, BIDS, 1, 1);
        _demandOfSlot(asked);
        _isShown(asked, abi.encodeCall(MarketAnswers.showFill, (_header, _openFill(BIDS, 1, 1))));
        asked = _askSlot(Leaf.Fill, BIDS, 1, 2);
        _demandOfSlot(asked);
        _isShown(asked, abi.encodeCall(MarketAnswers.showNoFill, (_header, _openFill(BIDS, 1, 1), 2, "")));
    }

    function test_leaves_of_a_day_are_shown() external {
        Asked memory asked = _askDay(Leaf.Row, 9);
        _demandOfDay(asked);
        _isShown(asked, abi.encodeCall(MarketAnswers.showRow, (_day, _openRow(9))));
        asked = _askDay(Leaf.Balance, 7);
        _demandOfDay(asked);
        _isShown(asked, abi.encodeCall(MarketAnswers.showBalance, (_day, _openBalance(7))));
    }

    function test_another_leaf_is_no_answer() external {
        Asked memory asked = _askSlot(Leaf.OrderInSet, 0, 3, 0);
        _demandOfSlot(asked);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.OtherLeaf.selector, keccak256(abi.encode(asked))));
        _court.show(asked, abi.encodeCall(MarketAnswers.showOrderInSet, (_header, _openOrder(2))));
    }

    function test_what_is_not_there_is_not_demanded(uint8 leaf, uint8 side, uint32 index, uint32 other) external {
        leaf = uint8(between(leaf, 0, 9));
        Asked memory asked = _askSlot(Leaf(leaf), side, index, other);
        bool isOfSet = leaf == uint8(Leaf.OrderInSet) || leaf == uint8(Leaf.OrderBody) || leaf == uint8(Leaf.Cancellation);
        bool isThere = isOfSet
            ? side == 0 && other == 0 && index < 5
            : (side == 1 || side == 2) && index < 2 && (leaf == uint8(Leaf.Fill) || (leaf == uint8(Leaf.Tier) && other == 0));
        vm.prank(CHALLENGER);
        try _court.demandOfSlot(_header, asked) {
            expect(isThere, "taken");
        } catch {
            expect(!isThere, "refused");
        }
    }

    function test_a_demand_leaves_time_to_hold_the_answer_against_the_day() external {
        vm.warp(block.timestamp + 18 hours + 1);
        vm.prank(CHALLENGER);
        try _court.demandOfDay(_day, _askDay(Leaf.Row, 0)) {
            expect(false, "too late");
        } catch {}
        vm.warp(block.timestamp - 1);
        _demandOfDay(_askDay(Leaf.Row, 0));
    }

    function test_one_demand_for_a_leaf_at_a_time() external {
        Asked memory asked = _askDay(Leaf.Row, 0);
        _demandOfDay(asked);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.AlreadyDemanded.selector, keccak256(abi.encode(asked))));
        vm.prank(CHALLENGER);
        _court.demandOfDay(_day, asked);
    }

    function test_a_demand_about_what_is_void_already_gives_the_stake_back_and_no_more() external {
        Asked memory asked = _askDay(Leaf.Row, 0);
        _demandOfDay(asked);
        _market.setDay(DAY, keccak256("posted anew"), uint64(block.timestamp), uint64(block.timestamp + 2 days));
        vm.warp(block.timestamp + 24 hours);
        _court.closeDemand(asked);
        expectUint(_market.creditOf(CHALLENGER), 1000, "the stake is back");
        expectUint(_market.slashes(), 0, "nothing happened");
    }

    // ---- orders that must be shown ----

    function _noDelegation() private pure returns (Delegation memory delegation) {}

    function _showOrder(uint256 i, bytes memory signature) private view returns (bytes memory) {
        return abi.encodeCall(MarketAnswers.showOrder, (_header, _openOrder(i), _orders[i], signature, _noDelegation(), ""));
    }

    function test_attack_forgery_an_order_without_a_signature_cannot_be_shown() external {
        Asked memory asked = _askSlot(Leaf.OrderBody, 0, 1, 0);
        _demandOfSlot(asked);
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.OrderNotValid.selector, bytes32("order-signature")));
        _court.show(asked, _showOrder(1, _sign(_keyOf(2), _set[1].orderHash)));
        _isNotShown(asked, false);
    }

    function test_an_order_with_its_signature_is_shown() external {
        Asked memory asked = _askSlot(Leaf.OrderBody, 0, 1, 0);
        _demandOfSlot(asked);
        _isShown(asked, _showOrder(1, _sign(_keyOf(1), _set[1].orderHash)));
    }

    function test_attack_malleability_the_mirror_image_of_a_signature_shows_nothing() external {
        Asked memory asked = _askSlot(Leaf.OrderBody, 0, 1, 0);
        _demandOfSlot(asked);
        (uint8 v, bytes32 r, bytes32 s) = keys.sign(_keyOf(1), _set[1].orderHash);
        uint256 n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory mirrored = abi.encodePacked(r, bytes32(n - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.OrderNotValid.selector, bytes32("order-signature")));
        _court.show(asked, _showOrder(1, mirrored));
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.OrderNotValid.selector, bytes32("order-signature")));
        _court.show(asked, _showOrder(1, new bytes(65)));
    }

    function test_an_order_of_a_contract_account_is_shown() external {
        SigningContract account = new SigningContract();
        _orders[1].trader = address(account);
        _rules.setTenure(_meter(1), _tenureOf(address(account)));
        _set[1].orderHash = _hashOf(_orders[1]);
        _postTiers();
        Asked memory asked = _askSlot(Leaf.OrderBody, 0, 1, 0);
        _demandOfSlot(asked);
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.OrderNotValid.selector, bytes32("order-signature")));
        _court.show(asked, _showOrder(1, hex"01"));
        account.setSigned(_set[1].orderHash);
        _isShown(asked, _showOrder(1, hex"01"));
    }

    function _delegated(uint64 notBefore, uint64 most) private view returns (Delegation memory delegation, bytes memory signature) {
        delegation = Delegation({
            owner: _trader(1),
            agent: keys.addr(0x77),
            market: _rules.market(),
            meter: _meter(1),
            maxWhPerSlot: most,
            minSellMicroPerKwh: 150_000,
            maxBuyMicroPerKwh: 0,
            notBefore: notBefore,
            notAfter: type(uint64).max,
            nonce: 1
        });
        signature = _sign(_keyOf(1), MarketTypes.digest(_market.domainSeparator(), MarketTypes.structHash(delegation)));
    }

    function _showDelegated(Delegation memory delegation, bytes memory delegationSignature, uint256 key)
        private
        view
        returns (bytes memory)
    {
        bytes memory signature = _sign(key, _set[1].orderHash);
        return abi.encodeCall(MarketAnswers.showOrder, (_header, _openOrder(1), _orders[1], signature, delegation, delegationSignature));
    }

    function test_an_order_that_an_agent_signed_within_its_limits_is_shown() external {
        Asked memory asked = _askSlot(Leaf.OrderBody, 0, 1, 0);
        _demandOfSlot(asked);
        (Delegation memory delegation, bytes memory signature) = _delegated(0, 500);
        _isShown(asked, _showDelegated(delegation, signature, 0x77));
    }

    function test_an_agent_beyond_its_limits_signs_nothing() external {
        Asked memory asked = _askSlot(Leaf.OrderBody, 0, 1, 0);
        _demandOfSlot(asked);
        bytes memory problem = abi.encodeWithSelector(MarketAnswers.OrderNotValid.selector, bytes32("order-signature"));
        (Delegation memory delegation, bytes memory signature) = _delegated(0, 499);
        vm.expectRevert(problem);
        _court.show(asked, _showDelegated(delegation, signature, 0x77));
        (delegation, signature) = _delegated(SLOT * 900, 500);
        vm.expectRevert(problem);
        _court.show(asked, _showDelegated(delegation, signature, 0x77));
        (delegation, signature) = _delegated(0, 500);
        vm.expectRevert(problem);
        _court.show(asked, _showDelegated(delegation, signature, 0x78));
        delegation.minSellMicroPerKwh = 1;
        vm.expectRevert(problem);
        _court.show(asked, _showDelegated(delegation, signature, 0x77));
    }

    function test_an_order_that_may_not_stand_cannot_be_shown() external {
        _orders[1].limitMicroPerKwh = 1;
        _set[1].orderHash = _hashOf(_orders[1]);
        _postTiers();
        Asked memory asked = _askSlot(Leaf.OrderBody, 0, 1, 0);
        _demandOfSlot(asked);
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.OrderNotValid.selector, bytes32("order-price")));
        _court.show(asked, _showOrder(1, _sign(_keyOf(1), _set[1].orderHash)));
    }

    function _tenureOf(address owner) private pure returns (Tenure memory) {
        return Tenure(owner, 1, 5000, 5000);
    }

    // ---- what took orders out ----

    function _cancel(bytes32 cancellation) private returns (Asked memory asked) {
        _set[1].cancellation = cancellation;
        _postTiers();
        asked = _askSlot(Leaf.Cancellation, 0, 1, 0);
        _demandOfSlot(asked);
    }

    function _showTaken(TakenOut memory taken) private view returns (bytes memory) {
        return abi.encodeCall(MarketAnswers.showCancellation, (_header, _openOrder(1), _orders[1], taken, _noDelegation(), ""));
    }

    function test_attack_censorship_an_order_that_nobody_cancelled_cannot_be_shown_to_be() external {
        Asked memory asked = _cancel(keccak256("made up"));
        TakenOut memory taken;
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.NothingShown.selector));
        _court.show(asked, _showTaken(taken));
        _isNotShown(asked, false);
    }

    function _cancellation(bytes32 orderHash) private view returns (TakenOut memory taken, bytes32 digest) {
        taken.hashes = new bytes32[](2);
        taken.hashes[0] = keccak256("another");
        taken.hashes[1] = orderHash;
        digest = MarketTypes.digest(_market.domainSeparator(), MarketTypes.cancellationStructHash(taken.hashes));
    }

    function test_a_cancellation_by_the_trader_is_shown() external {
        (TakenOut memory taken, bytes32 digest) = _cancellation(_set[1].orderHash);
        Asked memory asked = _cancel(digest);
        taken.signature = _sign(_keyOf(2), digest);
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.OrderNotValid.selector, bytes32("cancellation-signature")));
        _court.show(asked, _showTaken(taken));
        taken.signature = _sign(_keyOf(1), digest);
        _isShown(asked, _showTaken(taken));
    }

    function test_a_cancellation_of_other_orders_is_none() external {
        (TakenOut memory taken, bytes32 digest) = _cancellation(_set[0].orderHash);
        Asked memory asked = _cancel(digest);
        taken.signature = _sign(_keyOf(1), digest);
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.NothingShown.selector));
        _court.show(asked, _showTaken(taken));
    }

    function test_a_raised_counter_is_shown_by_a_signature_or_by_the_chain() external {
        TakenOut memory taken;
        (taken.isCounter, taken.counter) = (true, 1);
        bytes32 digest =
            MarketTypes.digest(_market.domainSeparator(), MarketTypes.counterIncrementStructHash(_trader(1), _rules.market(), 1));
        Asked memory asked = _cancel(digest);
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.OrderNotValid.selector, bytes32("cancellation-signature")));
        _court.show(asked, _showTaken(taken));
        taken.signature = _sign(_keyOf(1), digest);
        _isShown(asked, _showTaken(taken));
        _demandOfSlot(asked);
        taken.signature = "";
        _rules.setCounterLeft(_trader(1), 0, 1);
        _isShown(asked, _showTaken(taken));
    }

    function test_an_order_that_stands_needs_no_cancellation_and_one_taken_out_no_signature() external {
        Asked memory asked = _askSlot(Leaf.Cancellation, 0, 1, 0);
        _demandOfSlot(asked);
        TakenOut memory taken;
        _isShown(asked, _showTaken(taken));
        _set[1].cancellation = keccak256("x");
        _postTiers();
        asked = _askSlot(Leaf.OrderBody, 0, 1, 0);
        _demandOfSlot(asked);
        _isShown(asked, _showOrder(1, ""));
    }

    // ---- contracts and forced orders ----

    function test_the_fill_of_a_contract_is_shown() external {
        uint32 row = uint32(_rowOf(3, SLOT));
        Asked memory asked = _askDay(Leaf.RowContract, row);
        _demandOfDay(asked);
        _isShown(asked, abi.encodeCall(MarketAnswers.showContract, (_day, _openRow(row), _header, _openFill(BIDS, 1, 0))));
        row = uint32(_rowOf(3, SLOT + 1));
        asked = _askDay(Leaf.RowContract, row);
        _demandOfDay(asked);
        _isShown(asked, abi.encodeCall(MarketAnswers.showContract, (_day, _openRow(row), _header, _openFill(BIDS, 1, 0))));
    }

    function test_attack_false_row_a_contract_that_no_order_got_cannot_be_shown() external {
        uint32 row = uint32(_rowOf(3, SLOT));
        _rows[row].contractedWh = -526;
        _postDays();
        Asked memory asked = _askDay(Leaf.RowContract, row);
        _demandOfDay(asked);
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.NothingShown.selector));
        _court.show(asked, abi.encodeCall(MarketAnswers.showContract, (_day, _openRow(row), _header, _openFill(BIDS, 1, 0))));
        vm.expectRevert(abi.encodeWithSelector(MarketAnswers.NothingShown.selector));
        _court.show(asked, abi.encodeCall(MarketAnswers.showContract, (_day, _openRow(row), _header, _openFill(BIDS, 0, 0))));
        _isNotShown(asked, true);
    }

    function _askForced() private view returns (Asked memory) {
        return Asked(Leaf.ForcedOrder, SLOT, MarketTypes.hash(_header), 0, 0, 0, _hashOf(_orders[1]));
    }

    function test_attack_censorship_an_order_forced_onto_the_chain_must_be_in_the_set() external {
        _rules.setForced(_hashOf(_orders[1]), SLOT * 900 - 301);
        vm.prank(CHALLENGER);
        _court.demandForced(_header, _orders[1]);
        _isShown(_askForced(), abi.encodeCall(MarketAnswers.showForced, (_header, _openOrder(1))));
        _set[1].orderHash = keccak256("another");
        _postTiers();
        vm.prank(CHALLENGER);
        _court.demandForced(_header, _orders[1]);
        _isNotShown(_askForced(), false);
    }

    function test_an_order_that_was_not_forced_in_time_is_not_demanded() external {
        Asked memory asked = _askForced();
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NoSuchLeaf.selector, asked));
        vm.prank(CHALLENGER);
        _court.demandForced(_header, _orders[1]);
        _rules.setForced(_hashOf(_orders[1]), SLOT * 900 - 300);
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NoSuchLeaf.selector, asked));
        vm.prank(CHALLENGER);
        _court.demandForced(_header, _orders[1]);
    }

    // ---- readings ----

    bytes32 private constant LOG = keccak256("log");

    function _meterWithLog(bool isOperators) private {
        address registry = address(0xa17c);
        _market.setRegistry(registry);
        _rules.setMeter(_meter(0), MeterTerms(keccak256("import"), keccak256("export"), 60_000, 0), LOG, isOperators);
        vm.mockCall(registry, abi.encodeWithSelector(IAnchorRegistry.verifyInclusion.selector), abi.encode(true));
    }

    function _entry(bool isExport, uint48 number, uint256 atMs, int64 wh) private pure returns (EntryProof memory proof) {
        bytes memory facts = abi.encodePacked(uint16(isExport ? 2 : 1), int8(0), uint24(0), wh, uint48(atMs), uint48(atMs), number);
        bytes32 subject = isExport ? keccak256("export") : keccak256("import");
        proof.logId = LOG;
        proof.time = uint64(atMs / 1000 + number);
        proof.leafData =
            bytes.concat(abi.encodePacked(uint8(1), uint8(1), bytes16(0), subject), facts, abi.encodePacked(uint32(0), bytes32(0)));
    }

    function _crossing(bool isExport, uint64 slot, uint48 number, int64 wh) private pure returns (CrossingProof memory) {
        uint256 momentMs = uint256(slot) * 900_000;
        return CrossingProof(_entry(isExport, number, momentMs - 1000, wh), _entry(isExport, number + 1, momentMs + 1000, wh));
    }

    function _reading(uint48 number, int64 wh) private pure returns (ReadingProof memory) {
        return ReadingProof(
            _crossing(false, SLOT, number, 5000),
            _crossing(false, SLOT + 1, number + 15, 5000),
            _crossing(true, SLOT, number, 9000),
            _crossing(true, SLOT + 1, number + 15, 9000 + wh)
        );
    }

    function test_a_reading_is_shown_and_convicts_the_row_that_contradicts_it() external {
        _meterWithLog(true);
        _court.showReading(SLOT, _meter(0), _reading(100, 1000));
        ProvenReading memory reading = _market.readingOf(SLOT, _meter(0));
        expectInt(reading.meteredWh, 1000, "metered");
        expect(reading.acknowledged, "in the operator's log");
        expectUint(_court.anchoredAt(SLOT, _meter(0)), uint256(SLOT + 1) * 900 + 1 + 116, "anchored last");
        bytes memory call = abi.encodeCall(MarketDayJudge.readingWrong, (_day, _openRow(_rowOf(0, SLOT))));
        // The row says 100 for the import register and 200 for the export register: not lower.
        _wins(Target.Day, Judge.Day, call, "reading", true);
    }

    function test_of_several_crossings_the_lowest_counts() external {
        _meterWithLog(true);
        _court.showReading(SLOT, _meter(0), _reading(100, 1000));
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NotLower.selector, SLOT, _meter(0)));
        _court.showReading(SLOT, _meter(0), _reading(100, 1000));
        vm.expectRevert(abi.encodeWithSelector(IMarketCourt.NotLower.selector, SLOT, _meter(0)));
        _court.showReading(SLOT, _meter(0), _reading(101, 900));
        _court.showReading(SLOT, _meter(0), _reading(99, 600));
        expectInt(_market.readingOf(SLOT, _meter(0)).meteredWh, 600, "metered");
    }

    function test_the_same_reading_in_the_operators_log_too_says_that_it_could_know() external {
        _meterWithLog(false);
        _court.showReading(SLOT, _meter(0), _reading(100, 1000));
        expect(!_market.readingOf(SLOT, _meter(0)).acknowledged, "in another log");
        _meterWithLog(true);
        _court.showReading(SLOT, _meter(0), _reading(100, 1000));
        expect(_market.readingOf(SLOT, _meter(0)).acknowledged, "in the operator's log");
    }
}
