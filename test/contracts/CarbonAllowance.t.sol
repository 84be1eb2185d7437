// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {CarbonAllowance} from "../../contracts/CarbonAllowance.sol";
import {ICarbonAllowance, Period, Standing} from "../../contracts/ICarbonAllowance.sol";
import {ICarbonReports} from "../../contracts/ICarbonReports.sol";
import {CarbonWorld, Head} from "./CarbonWorld.sol";

/// @notice Allowances from issue to surrender, with a total that was reported and one that was determined.
contract CarbonAllowanceTest is CarbonWorld {
    uint256 private constant TOTAL = 700_000_000;

    function setUp() external {
        _build();
        _reading(GAS, START + 2 days);
        vm.warp(COVER_FROM);
        Head memory cover = _anchor();
        _post(_honest(cover, TOTAL));
    }

    function _issue(uint256 amount) private {
        vm.prank(REGULATOR);
        _allowances.issue(SITE, _period, amount);
    }

    function _surrender(uint256 amount) private {
        vm.prank(OPERATOR);
        _allowances.surrender(SITE, _period, amount);
    }

    function _final() private {
        vm.warp(block.timestamp + WINDOW);
    }

    function _expectSupply(uint256 issued, uint256 held, uint256 surrendered, uint256 retired) private view {
        (uint256 i, uint256 h, uint256 s, uint256 r) = _allowances.supplyOf(_period);
        expectUint(i, issued, "issued");
        expectUint(h, held, "held");
        expectUint(s, surrendered, "surrendered");
        expectUint(r, retired, "retired");
        expectUint(_allowances.totalSupply(_period), issued - held - surrendered - retired, "in the accounts");
    }

    function test_what_is_issued_is_held_until_all_is_surrendered_and_then_the_surplus_is_the_sites() external {
        _issue(1_000_000_000);
        expectUint(_allowances.balanceOf(OPERATOR, _period), 0, "nothing to sell yet");
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.NotSettled.selector, SITE, _period));
        _allowances.surrender(SITE, _period, TOTAL);
        _final();
        _surrender(TOTAL - 1);
        expectUint(_allowances.balanceOf(OPERATOR, _period), 0, "one mg is left");
        _surrender(1);
        expectUint(_allowances.balanceOf(OPERATOR, _period), 300_000_000, "the surplus");
        _expectSupply(1_000_000_000, 0, TOTAL, 0);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.AlreadyReleased.selector, SITE, _period));
        _allowances.surrender(SITE, _period, 1);
        // More that comes now is the account's at once.
        _issue(5);
        expectUint(_allowances.balanceOf(OPERATOR, _period), 300_000_005, "issued to who has surrendered");
    }

    function test_a_surplus_moves_as_any_token_and_a_buyer_surrenders_what_was_bought() external {
        // Another site has emitted more than it was given, and the regulator determined how much.
        vm.startPrank(REGULATOR);
        _allowances.registerSite("mill", HOLDER);
        _allowances.issue("mill", _period, 40);
        vm.warp(REPORT_BY);
        _reports.determine("mill", _period, 100, "estimate");
        vm.stopPrank();
        _issue(TOTAL + 1000);
        _final();
        _surrender(TOTAL);

        vm.prank(OPERATOR);
        _allowances.approve(STRANGER, _period, 500);
        vm.prank(STRANGER);
        _allowances.transferFrom(OPERATOR, HOLDER, _period, 500);
        vm.startPrank(HOLDER);
        _allowances.surrender("mill", _period, 60);
        expectUint(_allowances.balanceOf(HOLDER, _period), 480, "first those held");
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.WrongSurrender.selector, 41, 40));
        _allowances.surrender("mill", _period, 41);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.WrongSurrender.selector, 0, 40));
        _allowances.surrender("mill", _period, 0);
        _allowances.surrender("mill", _period, 40);
        _allowances.retire(_period, 440, "for the lake");
        vm.stopPrank();
        Standing memory standing = _allowances.standingOf("mill", _period);
        expect(standing.isReleased && standing.surrendered == 100 && standing.held == 0, "the mill is square");
        _expectSupply(TOTAL + 1040, 0, TOTAL + 100, 440);
    }

    function test_allowances_of_one_period_do_not_serve_another() external {
        vm.startPrank(REGULATOR);
        Period memory dates = _dates();
        dates.surrenderDeadline += 1;
        uint256 other = _allowances.openPeriod(dates);
        _allowances.issue(SITE, other, TOTAL);
        vm.stopPrank();
        _final();
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ERC6909.ERC6909InsufficientBalance.selector, OPERATOR, 0, TOTAL, _period));
        _allowances.surrender(SITE, _period, TOTAL);
    }

    function test_what_is_short_at_the_deadline_stays_on_record() external {
        _issue(TOTAL - 9);
        _final();
        _surrender(TOTAL - 9);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.TooEarly.selector, SURRENDER_BY));
        _allowances.recordShortfall(SITE, _period);
        vm.warp(SURRENDER_BY);
        _allowances.recordShortfall(SITE, _period);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.AlreadyShort.selector, 9));
        _allowances.recordShortfall(SITE, _period);
        vm.prank(REGULATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.PeriodClosed.selector, _period, SURRENDER_BY));
        _allowances.issue(SITE, _period, 9);
        expectUint(_allowances.standingOf(SITE, _period).shortMg, 9, "short");
    }

    function test_a_late_surrender_is_taken_and_its_lateness_recorded() external {
        _issue(TOTAL);
        vm.warp(SURRENDER_BY);
        _surrender(4);
        _surrender(TOTAL - 4);
        Standing memory standing = _allowances.standingOf(SITE, _period);
        expect(standing.isShortRecorded && standing.isReleased, "late, and square");
        expectUint(standing.shortMg, TOTAL, "all was missing at the deadline");
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.AlreadyShort.selector, TOTAL));
        _allowances.recordShortfall(SITE, _period);
    }

    function test_a_site_that_owes_nothing_surrenders_nothing_and_has_all() external {
        vm.startPrank(REGULATOR);
        _allowances.registerSite("mill", HOLDER);
        _allowances.issue("mill", _period, 40);
        vm.warp(REPORT_BY);
        _reports.determine("mill", _period, 0, "closed all year");
        vm.stopPrank();
        vm.warp(SURRENDER_BY);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.NothingShort.selector));
        _allowances.recordShortfall("mill", _period);
        vm.prank(HOLDER);
        _allowances.surrender("mill", _period, 0);
        expectUint(_allowances.balanceOf(HOLDER, _period), 40, "all");
        Standing memory standing = _allowances.standingOf("mill", _period);
        expect(standing.isReleased && !standing.isShortRecorded && standing.held == 0, "released, and never short");
    }

    function test_only_the_regulator_does_what_is_the_regulators() external {
        bytes memory problem = abi.encodeWithSelector(ICarbonAllowance.NotRegulator.selector, STRANGER, REGULATOR);
        Period memory dates = _dates();
        vm.startPrank(STRANGER);
        vm.expectRevert(problem);
        _allowances.issue(SITE, _period, 1);
        vm.expectRevert(problem);
        _allowances.registerSite("mill", STRANGER);
        vm.expectRevert(problem);
        _allowances.openPeriod(dates);
        vm.expectRevert(problem);
        _allowances.offerRegulator(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.NotOffered.selector, STRANGER, address(0)));
        _allowances.acceptRegulator();
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.NotSiteAccount.selector, STRANGER, OPERATOR));
        _allowances.surrender(SITE, _period, 1);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.NotSiteAccount.selector, STRANGER, OPERATOR));
        _allowances.offerSeat(SITE, STRANGER);
        vm.stopPrank();
    }

    function test_seats_pass_on_in_two_steps() external {
        vm.prank(REGULATOR);
        _allowances.offerRegulator(STRANGER);
        vm.prank(STRANGER);
        _allowances.acceptRegulator();
        expect(_allowances.regulator() == STRANGER, "the regulator's");
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.NotOffered.selector, STRANGER, address(0)));
        _allowances.acceptRegulator();
        vm.prank(OPERATOR);
        _allowances.offerSeat(SITE, HOLDER);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.NotOffered.selector, STRANGER, HOLDER));
        _allowances.acceptSeat(SITE);
        vm.prank(HOLDER);
        _allowances.acceptSeat(SITE);
        expect(_allowances.accountOf(SITE) == HOLDER, "the site's");
        // Reports follow the seat, and the new regulator.
        vm.prank(HOLDER);
        _reports.withdrawBond(SITE, 1, HOLDER);
        vm.prank(STRANGER);
        _reports.reject(SITE, _period, 0);
    }

    function test_sites_periods_and_amounts_that_cannot_be_are_refused() external {
        vm.startPrank(REGULATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.SiteExists.selector, SITE));
        _allowances.registerSite(SITE, STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.ZeroAccount.selector));
        _allowances.registerSite("mill", address(0));
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.UnknownSite.selector, bytes32("mill")));
        _allowances.issue("mill", _period, 1);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.UnknownPeriod.selector, 2));
        _allowances.issue(SITE, 2, 1);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.UnknownPeriod.selector, 0));
        _allowances.periodOf(0);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.AmountTooLarge.selector, 1e24 + 1, 1e24));
        _allowances.issue(SITE, _period, 1e24 + 1);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.AmountTooLarge.selector, type(uint256).max, 1e24));
        _allowances.retire(_period, type(uint256).max, 0);
        vm.expectRevert(abi.encodeWithSelector(ERC6909.ERC6909InsufficientBalance.selector, address(this), 0, 1, _period));
        _allowances.retire(_period, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.ZeroAccount.selector));
        new CarbonAllowance(ICarbonReports(address(1)), address(0));
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.ZeroAccount.selector));
        new CarbonAllowance(ICarbonReports(address(0)), REGULATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.UnknownPeriod.selector, 2));
        _allowances.retire(2, 0, 0);
        vm.prank(REGULATOR);
        _allowances.issue(SITE, _period, 1e24);
    }

    function _refused(Period memory dates) private {
        vm.prank(REGULATOR);
        vm.expectRevert(abi.encodeWithSelector(ICarbonAllowance.BadDates.selector, dates));
        _allowances.openPeriod(dates);
    }

    function test_dates_that_leave_no_room_for_a_challenge_are_refused() external {
        Period memory dates = _dates();
        dates.to = dates.from;
        _refused(dates);
        dates = _dates();
        dates.coverFrom = dates.to - 1;
        _refused(dates);
        dates = _dates();
        dates.reportDeadline = dates.coverFrom;
        _refused(dates);
        dates = _dates();
        dates.surrenderDeadline = dates.reportDeadline + WINDOW + ANSWER - 1;
        _refused(dates);
        dates = _dates();
        dates.reportDeadline = dates.coverFrom;
        dates.to = dates.coverFrom = dates.reportDeadline + 1;
        _refused(dates);
        dates = _dates();
        dates.challengeWindow = 1 days - 1;
        _refused(dates);
        dates.challengeWindow = 365 days + 1;
        dates.surrenderDeadline = dates.reportDeadline + 400 days;
        _refused(dates);
        // Just so much is enough, and just so much is not too much.
        dates.challengeWindow = 365 days;
        dates.answerWindow = 1 hours;
        dates.coverFrom = dates.to;
        dates.surrenderDeadline = dates.reportDeadline + 365 days + 1 hours;
        vm.prank(REGULATOR);
        _allowances.openPeriod(dates);
        dates.challengeWindow = 1 days;
        vm.prank(REGULATOR);
        _allowances.openPeriod(dates);
        dates = _dates();
        dates = _dates();
        dates.answerWindow = 1 hours - 1;
        _refused(dates);
        vm.warp(REPORT_BY);
        _refused(_dates());
    }

    function test_it_says_what_it_is() external view {
        expectUint(_allowances.decimals(_period), 9, "10^9 mg are a tonne");
        expect(_allowances.supportsInterface(type(IERC6909).interfaceId), "ERC-6909");
    }
}
