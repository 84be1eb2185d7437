// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AllowanceAuction} from "../../contracts/AllowanceAuction.sol";
import {RoundClearing} from "../../contracts/IAllowanceAuction.sol";
import {CarbonWorld, Head} from "./CarbonWorld.sol";
import {TestToken} from "./TestToken.sol";

/// @notice From the regulator's issue to the money of a sale: what a site has saved is sold, and nothing that it owes.
contract AllowanceSaleTest is CarbonWorld {
    uint256 private constant MG_PER_LOT = 1_000_000;
    uint256 private constant TOTAL = 700 * MG_PER_LOT;

    AllowanceAuction private _auction;
    TestToken private _currency;

    function setUp() external {
        _build();
        _currency = new TestToken();
        _auction = new AllowanceAuction(_allowances, _currency);
        _reading(GAS, START + 2 days);
        vm.warp(COVER_FROM);
        Head memory cover = _anchor();
        _post(_honest(cover, TOTAL));
        vm.prank(REGULATOR);
        _allowances.issue(SITE, _period, 1_000 * MG_PER_LOT);
    }

    function _sell(uint256 round, uint32 lots) private {
        vm.prank(OPERATOR);
        _allowances.approve(address(_auction), _period, lots * MG_PER_LOT);
        vm.prank(OPERATOR);
        _auction.sell(round, lots, 40_000);
    }

    function test_a_site_sells_what_it_has_left_after_it_has_surrendered_and_not_before() external {
        uint256 round = _auction.openRound(_period, uint64(block.timestamp + 20 days), uint64(block.timestamp + 22 days), 1, 1);
        vm.prank(OPERATOR);
        _allowances.approve(address(_auction), _period, MG_PER_LOT);
        vm.expectPartialRevert(bytes4(keccak256("ERC6909InsufficientBalance(address,uint256,uint256,uint256)")));
        vm.prank(OPERATOR);
        _auction.sell(round, 1, 40_000);

        vm.warp(block.timestamp + WINDOW);
        vm.prank(OPERATOR);
        _allowances.surrender(SITE, _period, TOTAL);
        _sell(round, 300);
        _currency.mint(HOLDER, 25_000);
        vm.prank(HOLDER);
        _currency.approve(address(_auction), 25_000);
        vm.prank(HOLDER);
        _auction.buy(round, 500, 50_000);
        expectUint(_allowances.balanceOf(OPERATOR, _period), 0, "all that was left");

        vm.warp(_auction.roundOf(round).closesAt);
        // The bid was served in part, so that it makes the price: 50 µ a tonne.
        _auction.settle(round, RoundClearing(300, 50_000, hex"00", hex"00", hex"0000012c", hex"0000012c"));
        _auction.claim(round, 1, 0, HOLDER);
        _auction.claim(round, 2, 0, OPERATOR);
        expectUint(_currency.balanceOf(OPERATOR), 15_000, "what the site has earned");
        expectUint(_currency.balanceOf(HOLDER), 10_000, "what the buyer has left");
        expectUint(_allowances.balanceOf(HOLDER, _period), 300 * MG_PER_LOT, "what the buyer has bought");
        expectUint(_allowances.balanceOf(address(_auction), _period), 0, "nothing stays");
        expectUint(_allowances.totalSupply(_period), 300 * MG_PER_LOT, "none came to be, none went");
        vm.prank(HOLDER);
        _allowances.retire(_period, 300 * MG_PER_LOT, "offset");
    }
}
