// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EnergyMarket} from "../../contracts/EnergyMarket.sol";
import {IAnchorRegistry} from "../../contracts/IAnchorRegistry.sol";
import {MarketConfig, Recipient} from "../../contracts/IEnergyMarket.sol";
import {MeterTerms, RulesConfig, Tenure} from "../../contracts/IMarketRules.sol";
import {MarketRules} from "../../contracts/MarketRules.sol";
import {Balance, BalancesOpening, Certificate, DayHeader, MarketTypes, Params, SlotHeader, Tier} from "../../contracts/MarketTypes.sol";
import {Check} from "./Check.sol";
import {MarketAuction} from "./MarketAuction.sol";
import {MarketTree} from "./MarketTree.sol";
import {TestToken} from "./TestToken.sol";

/// @notice A market with its rules, its token and its roles, and days to post on it. The court is a plain address that tests speak for.
abstract contract MarketWorld is Check {
    /// @dev A day's beginning; the market's first.
    uint64 internal constant FIRST_DAY = 20_700;
    uint64 internal constant FIRST_SLOT = FIRST_DAY * 96;
    uint64 internal constant START = FIRST_DAY * 1 days;
    bytes32 internal constant MARKET = keccak256("north-quay");
    address internal constant OPERATOR = address(0x0b1);
    address internal constant DSO = address(0xd50);
    address internal constant COURT = address(0xc0047);
    // Sorted, as the leaves of a day are.
    address internal constant GRID = address(0x1001);
    address internal constant RETAILER = address(0x1002);
    address internal constant POOL = address(0x1003);
    uint64 internal constant CHALLENGE = 48 hours;
    uint64 internal constant DEADLINE = 24 hours;
    uint64 internal constant ANSWER = 24 hours;
    uint64 internal constant WITHDRAW = 7 days;
    uint64 internal constant ESCAPE = 14 days;
    uint128 internal constant BOND_MIN = 10_000e6;
    uint128 internal constant PENALTY = 1000e6;
    uint128 internal constant STAKE = 10e6;

    TestToken internal _token;
    IAnchorRegistry internal _registry;
    MarketRules internal _rules;
    EnergyMarket internal _market;
    uint8 internal _mode = MarketTypes.FORWARD;

    function _params() internal view returns (Params memory) {
        return Params({
            feedInMicroPerKwh: 80_000,
            retailMicroPerKwh: 300_000,
            gridFeeMicroPerKwh: 40_000,
            lineLimitWh: 0,
            effectiveFromSlot: FIRST_SLOT,
            gateLeadSeconds: _mode == MarketTypes.FORWARD ? 300 : 0,
            postWindowSeconds: 0,
            pricing: MarketTypes.AUCTION,
            mode: _mode,
            grid: GRID,
            retailer: RETAILER,
            pool: POOL
        });
    }

    function _config() internal view returns (MarketConfig memory) {
        return MarketConfig({
            rules: address(_rules),
            token: address(_token),
            registry: address(_registry),
            court: COURT,
            operator: OPERATOR,
            challengeWindow: CHALLENGE,
            readingDeadline: DEADLINE,
            answerWindow: ANSWER,
            withdrawDelay: WITHDRAW,
            escapeAfter: ESCAPE,
            bondMin: BOND_MIN,
            penalty: PENALTY,
            demandStake: STAKE
        });
    }

    /// @dev The market stands two hours before its first slot, with its bond.
    function _build(address token) internal {
        vm.warp(START - 2 hours);
        _token = TestToken(token);
        // By its artifact, so that it is the registry as published and not one compiled with the market's settings.
        _registry = IAnchorRegistry(vm.deployCode("AnchorRegistry.sol:AnchorRegistry", abi.encode(uint64(1 hours))));
        vm.etch(COURT, hex"00");
        address market = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        _rules = new MarketRules(RulesConfig(MARKET, market, DSO, 24 hours, _params()));
        _market = new EnergyMarket(_config());
        expect(address(_market) == market, "the market is where its rules expect it");
    }

    function _fundBond() internal {
        _give(OPERATOR, BOND_MIN);
        vm.prank(OPERATOR);
        _market.fundBond(BOND_MIN);
    }

    function _give(address to, uint256 amount) internal {
        _token.mint(to, amount);
        vm.prank(to);
        // Not as a function that returns something: there are tokens that do not.
        (bool approved,) = address(_token).call(abi.encodeCall(IERC20.approve, (address(_market), amount)));
        expect(approved, "approved");
    }

    function _deposit(address account, uint256 amount) internal {
        _give(account, amount);
        vm.prank(account);
        _market.deposit(amount);
    }

    function _fundCredit(address account, uint256 amount) internal {
        _give(account, amount);
        vm.prank(account);
        _market.fundCredit(amount);
    }

    function _register(bytes32 meter, address owner) internal {
        vm.prank(DSO);
        _rules.registerMeter(meter, _terms(meter), Tenure(owner, uint32(FIRST_SLOT), 2500, 15_000), _logOf(meter), true);
    }

    function _terms(bytes32 meter) internal pure returns (MeterTerms memory) {
        return MeterTerms(keccak256(abi.encode(meter, "import")), keccak256(abi.encode(meter, "export")), 60_000, 0);
    }

    function _logOf(bytes32 meter) internal pure returns (bytes32) {
        return keccak256(abi.encode(meter, "log"));
    }

    // ---- slots ----

    function _worked() internal pure returns (Tier[] memory bids, Tier[] memory asks) {
        bids = new Tier[](2);
        bids[0] = Tier(240_000, 800, "C");
        bids[1] = Tier(180_000, 1201, "D, E");
        asks = new Tier[](2);
        asks[0] = Tier(100_000, 1000, "A");
        asks[1] = Tier(150_000, 500, "B");
    }

    function _slot(uint64 slot) internal view returns (SlotHeader memory header, Certificate memory certificate) {
        (Tier[] memory bids, Tier[] memory asks) = _worked();
        header.slot = slot;
        header.paramsVersion = 1;
        header.mode = _mode;
        header.orderCount = 5;
        header.orderSetRoot = keccak256(abi.encode(slot));
        return MarketAuction.certify(header, bids, asks, 0);
    }

    function _postSlot(uint64 slot) internal returns (SlotHeader memory header) {
        Certificate memory certificate;
        (header, certificate) = _slot(slot);
        vm.prank(OPERATOR);
        _market.postSlot(header, certificate);
    }

    // ---- days ----

    struct DayPosted {
        DayHeader header;
        Balance[] balances;
    }

    /// @dev Balances by rising account.
    function _day(uint64 day, Balance[] memory balances) internal pure returns (DayHeader memory header, BalancesOpening memory opening) {
        MarketTree.Node[] memory leaves = MarketTree.balanceLeaves(balances);
        MarketTree.Node memory pad;
        (MarketTree.Node memory root,) = MarketTree.walk(MarketTree.BALANCE, leaves, pad, 0);
        header = DayHeader(day, 0, 0, uint32(balances.length), root.hash);
        uint256 width = 1;
        while (width < leaves.length) width *= 2;
        MarketTree.Node memory left = _half(leaves, 0, width / 2);
        MarketTree.Node memory right = _half(leaves, width / 2, width / 2);
        opening =
            BalancesOpening(left.hash, uint128(left.first), uint128(left.second), right.hash, uint128(right.first), uint128(right.second));
    }

    function _half(MarketTree.Node[] memory leaves, uint256 from, uint256 width) private pure returns (MarketTree.Node memory root) {
        MarketTree.Node[] memory half = new MarketTree.Node[](width);
        for (uint256 i = 0; i < width && from + i < leaves.length; ++i) {
            half[i] = leaves[from + i];
        }
        MarketTree.Node memory pad;
        (root,) = MarketTree.walk(MarketTree.BALANCE, half, pad, 0);
    }

    function _path(Balance[] memory balances, uint256 index) internal pure returns (bytes memory path) {
        MarketTree.Node memory pad;
        (, path) = MarketTree.walk(MarketTree.BALANCE, MarketTree.balanceLeaves(balances), pad, index);
    }

    function _postDay(uint64 day, Balance[] memory balances) internal returns (DayHeader memory header) {
        BalancesOpening memory opening;
        (header, opening) = _day(day, balances);
        uint256 opensAt = (uint256(day) + 1) * 1 days + DEADLINE;
        if (block.timestamp < opensAt) vm.warp(opensAt);
        vm.prank(OPERATOR);
        _market.postDay(header, opening);
    }

    /// @dev The three counter accounts and two households; what the households come to is the retailer's loss.
    function _balances(address first, int128 firstNano, address second, int128 secondNano)
        internal
        pure
        returns (Balance[] memory balances)
    {
        balances = new Balance[](5);
        balances[0] = Balance(GRID, 0, 0, 0);
        balances[1] = Balance(RETAILER, -firstNano - secondNano, 0, 0);
        balances[2] = Balance(POOL, 0, 0, 0);
        (balances[3], balances[4]) = first < second
            ? (Balance(first, firstNano, 0, 0), Balance(second, secondNano, 0, 0))
            : (Balance(second, secondNano, 0, 0), Balance(first, firstNano, 0, 0));
    }

    function _makeFinal(uint64 day) internal {
        (,, uint64 finalAt) = _market.dayCommit(day);
        if (block.timestamp < finalAt) vm.warp(finalAt);
    }

    function _toItself() internal pure returns (Recipient memory recipient) {}

    function _balanceOf(address account) internal view returns (uint256) {
        return IERC20(address(_token)).balanceOf(account);
    }
}
