// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMarketRules, MeterTerms, RulesConfig, Tenure} from "../../contracts/IMarketRules.sol";
import {MarketRules} from "../../contracts/MarketRules.sol";
import {Certificate, MarketTypes, Order, Params, SlotHeader} from "../../contracts/MarketTypes.sol";
import {MarketWorld} from "./MarketWorld.sol";
import {TestToken} from "./TestToken.sol";

/// @notice A contract account that takes one signature.
contract SigningAccount {
    bytes32 private immutable _signature;

    constructor(bytes memory signature) {
        _signature = keccak256(signature);
    }

    function isValidSignature(bytes32, bytes calldata signature) external view returns (bytes4) {
        return keccak256(signature) == _signature ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice Parameters, meters, counters and forced orders.
contract MarketRulesTest is MarketWorld {
    uint256 private constant ALICE_KEY = 0xa11ce;
    address private _alice = vm.addr(ALICE_KEY);
    address private constant BOB = address(0xb0b);
    bytes32 private constant METER = "meter of alice";

    function setUp() external {
        _build(address(new TestToken()));
    }

    // ---- parameters ----

    function test_new_parameters_wait_for_a_gate_that_is_a_day_away() external {
        vm.warp(START);
        Params memory next = _params();
        next.retailMicroPerKwh = 310_000;
        next.effectiveFromSlot = FIRST_SLOT + 96;
        vm.prank(DSO);
        // The first slot a day from now has its gate five minutes earlier.
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.TooEarly.selector, START + 1 days));
        _rules.announceParams(next);
        next.effectiveFromSlot += 1;
        vm.prank(_alice);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.NotDso.selector, _alice));
        _rules.announceParams(next);
        vm.prank(DSO);
        expectUint(_rules.announceParams(next), 2, "the version");

        uint64 from = next.effectiveFromSlot;
        expect(_rules.isInForce(1, from - 1) && !_rules.isInForce(1, from), "the old ones until then");
        expect(_rules.isInForce(2, from) && !_rules.isInForce(2, from - 1), "the new ones from then on");
        expect(!_rules.isInForce(0, from) && !_rules.isInForce(3, from) && !_rules.isInForce(1, FIRST_SLOT - 1), "and no others");
        expectUint(_rules.versionAt(from - 1), 1, "the old version");
        expectUint(_rules.versionAt(from), 2, "the new version");
        expectUint(_rules.paramsOf(2).retailMicroPerKwh, 310_000, "what it says");
        expectUint(_rules.paramsOf(1).retailMicroPerKwh, 300_000, "the old one stays as it was");
        vm.prank(DSO);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarketRules.OutOfRange.selector, bytes32("effectiveFromSlot"), uint256(from), uint256(from) + 1, type(uint32).max
            )
        );
        _rules.announceParams(next);
    }

    function test_a_slot_is_posted_by_the_version_in_force() external {
        Params memory next = _params();
        next.effectiveFromSlot = FIRST_SLOT + 97;
        vm.prank(DSO);
        _rules.announceParams(next);
        (SlotHeader memory header, Certificate memory certificate) = _slot(FIRST_SLOT + 97);
        vm.warp(START + 3 days);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.WrongParams.selector, 1, FIRST_SLOT + 97));
        _market.postSlot(header, certificate);
        header.paramsVersion = 2;
        vm.prank(OPERATOR);
        _market.postSlot(header, certificate);
    }

    function test_a_header_that_comes_after_the_window_is_refused() external {
        Params memory next = _params();
        next.effectiveFromSlot = FIRST_SLOT + 97;
        next.postWindowSeconds = 240;
        vm.prank(DSO);
        _rules.announceParams(next);
        (SlotHeader memory header, Certificate memory certificate) = _slot(FIRST_SLOT + 97);
        header.paramsVersion = 2;
        // Gate five minutes before the slot, window four: a minute before it begins.
        uint256 closesAt = START + 97 * 900 - 60;
        vm.warp(closesAt + 1);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.TooLate.selector, closesAt));
        _market.postSlot(header, certificate);
        vm.warp(closesAt);
        vm.prank(OPERATOR);
        _market.postSlot(header, certificate);
    }

    function _expectParamsRefused(Params memory params, bytes memory problem) private {
        vm.prank(DSO);
        vm.expectRevert(problem);
        _rules.announceParams(params);
    }

    function _outOfRange(bytes32 what, uint256 value, uint256 least, uint256 most) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarketRules.OutOfRange.selector, what, value, least, most);
    }

    function test_parameters_that_make_no_market_are_refused() external {
        Params memory good = _params();
        good.effectiveFromSlot = FIRST_SLOT + 200;
        Params memory bad = abi.decode(abi.encode(good), (Params));
        bad.feedInMicroPerKwh = 260_001;
        _expectParamsRefused(bad, _outOfRange("feedInMicroPerKwh", 260_001, 0, 260_000));
        bad = abi.decode(abi.encode(good), (Params));
        bad.gridFeeMicroPerKwh = 300_001;
        _expectParamsRefused(bad, _outOfRange("gridFeeMicroPerKwh", 300_001, 0, 300_000));
        bad = abi.decode(abi.encode(good), (Params));
        bad.retailMicroPerKwh = 1 << 53;
        _expectParamsRefused(bad, _outOfRange("retailMicroPerKwh", 1 << 53, 0, (1 << 53) - 1));
        bad = abi.decode(abi.encode(good), (Params));
        bad.mode = 3;
        _expectParamsRefused(bad, _outOfRange("mode", 3, 1, 2));
        bad.mode = MarketTypes.METERED;
        _expectParamsRefused(bad, _outOfRange("gateLeadSeconds", 300, 0, 0));
        bad = abi.decode(abi.encode(good), (Params));
        bad.pricing = 0;
        _expectParamsRefused(bad, _outOfRange("pricing", 0, 1, 2));
        bad = abi.decode(abi.encode(good), (Params));
        bad.pool = GRID;
        _expectParamsRefused(bad, abi.encodeWithSelector(IMarketRules.AccountsNotDistinct.selector, GRID, RETAILER, GRID));
        bad.pool = address(0);
        _expectParamsRefused(bad, abi.encodeWithSelector(IMarketRules.AccountsNotDistinct.selector, GRID, RETAILER, address(0)));
    }

    function test_a_short_timelock_and_a_market_in_the_past_are_refused() external {
        RulesConfig memory config = RulesConfig(MARKET, address(_market), DSO, 24 hours - 1, _params());
        vm.expectRevert(_outOfRange("paramsDelay", 24 hours - 1, 24 hours, 365 days));
        new MarketRules(config);
        config.paramsDelay = 24 hours;
        vm.warp(START + 900);
        vm.expectRevert(_outOfRange("effectiveFromSlot", FIRST_SLOT, FIRST_SLOT + 1, type(uint32).max));
        new MarketRules(config);
    }

    // ---- meters ----

    function test_a_meter_has_an_owner_and_limits_from_a_slot_on() external {
        _register(METER, _alice);
        Tenure memory tenure = _rules.tenureAt(METER, FIRST_SLOT - 1);
        expect(tenure.owner == address(0), "nobody's before");
        tenure = _rules.tenureAt(METER, FIRST_SLOT + 1000);
        expect(tenure.owner == _alice && tenure.maxExportWh == 2500 && tenure.maxImportWh == 15_000, "hers from then on");
        vm.prank(DSO);
        _rules.appendTenure(METER, Tenure(BOB, uint32(FIRST_SLOT + 500), 1, 2));
        expect(_rules.tenureAt(METER, FIRST_SLOT + 499).owner == _alice, "hers until then");
        expect(_rules.tenureAt(METER, FIRST_SLOT + 500).owner == BOB, "his from then on");
        vm.prank(DSO);
        vm.expectRevert(_outOfRange("fromSlot", FIRST_SLOT + 500, FIRST_SLOT + 501, type(uint32).max));
        _rules.appendTenure(METER, Tenure(_alice, uint32(FIRST_SLOT + 500), 1, 2));
        vm.warp(START + 600 * 900);
        vm.prank(DSO);
        vm.expectRevert(_outOfRange("fromSlot", FIRST_SLOT + 600, FIRST_SLOT + 601, type(uint32).max));
        _rules.appendTenure(METER, Tenure(_alice, uint32(FIRST_SLOT + 600), 1, 2));
    }

    function test_a_meter_is_registered_once_and_its_logs_only_grow() external {
        _register(METER, _alice);
        MeterTerms memory terms = _terms(METER);
        vm.prank(DSO);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.MeterKnown.selector, METER));
        _rules.registerMeter(METER, terms, Tenure(BOB, uint32(FIRST_SLOT), 1, 1), "log", true);
        (bool isOfMeter, bool isOperators) = _rules.meterLog(METER, _logOf(METER));
        expect(isOfMeter && isOperators, "its first log");
        vm.prank(DSO);
        _rules.appendLog(METER, "epoch 2", false);
        (isOfMeter, isOperators) = _rules.meterLog(METER, "epoch 2");
        expect(isOfMeter && !isOperators, "its second");
        (isOfMeter,) = _rules.meterLog(METER, "another");
        expect(!isOfMeter, "and no other");
        expectUint(_rules.meterLogs(METER).length, 2, "two of them");
        vm.prank(DSO);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.LogKnown.selector, METER, bytes32("epoch 2")));
        _rules.appendLog(METER, "epoch 2", true);
        vm.prank(DSO);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.UnknownMeter.selector, bytes32("other"), 0));
        _rules.appendLog("other", "log", true);
        expectBytes32(_rules.meterTerms(METER).exportSubject, terms.exportSubject, "its terms");
    }

    // ---- counters ----

    function test_a_counter_goes_up_and_remembers_when() external {
        vm.warp(START);
        vm.prank(_alice);
        expectUint(_rules.incrementCounter(), 1, "the counter");
        vm.warp(START + 5);
        vm.prank(_alice);
        _rules.incrementCounter();
        expectUint(_rules.counterOf(_alice), 2, "the counter");
        expectUint(_rules.counterLeftAt(_alice, 0), START, "when it left 0");
        expectUint(_rules.counterLeftAt(_alice, 1), START + 5, "when it left 1");
        expectUint(_rules.counterLeftAt(_alice, 2), 0, "it has not left 2");
    }

    // ---- forced orders ----

    function _order() private view returns (Order memory) {
        return Order({
            trader: _alice,
            market: MARKET,
            meter: METER,
            side: MarketTypes.SELL,
            mode: MarketTypes.FORWARD,
            slotFrom: FIRST_SLOT + 10,
            slotCount: 1,
            quantityWh: 1000,
            limitMicroPerKwh: 100_000,
            minQuantityWh: 0,
            validUntil: START + 10 * 900,
            counter: 0,
            salt: 7
        });
    }

    function _digest(Order memory order) private view returns (bytes32) {
        return MarketTypes.digest(_rules.domainSeparator(), MarketTypes.structHash(order));
    }

    function _signed(Order memory order) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ALICE_KEY, _digest(order));
        return abi.encodePacked(r, s, v);
    }

    function test_an_order_is_forced_by_its_digest_ten_minutes_before_its_gate() external {
        _register(METER, _alice);
        Order memory order = _order();
        bytes memory signature = _signed(order);
        uint256 last = START + 10 * 900 - 300 - 600;
        vm.warp(last + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.TooLate.selector, last));
        _rules.forceOrder(order, signature);
        vm.warp(last);
        bytes32 hash = _rules.forceOrder(order, signature);
        expectBytes32(hash, _digest(order), "its hash is the digest");
        expectUint(_rules.forcedAt(hash), last, "when");
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.AlreadyForced.selector, hash));
        _rules.forceOrder(order, signature);
    }

    function _expectOrderRefused(Order memory order, bytes memory problem) private {
        bytes memory signature = _signed(order);
        vm.expectRevert(problem);
        _rules.forceOrder(order, signature);
    }

    function test_an_order_that_could_not_stand_is_not_forced() external {
        _register(METER, _alice);
        Order memory order = _order();
        order.market = "another";
        _expectOrderRefused(order, abi.encodeWithSelector(IMarketRules.WrongMarket.selector, bytes32("another")));
        order = _order();
        order.counter = 1;
        _expectOrderRefused(order, abi.encodeWithSelector(IMarketRules.CounterStale.selector, 1, 0));
        order = _order();
        order.meter = "other";
        _expectOrderRefused(order, abi.encodeWithSelector(IMarketRules.UnknownMeter.selector, bytes32("other"), FIRST_SLOT + 10));
        order = _order();
        order.mode = MarketTypes.METERED;
        _expectOrderRefused(order, abi.encodeWithSelector(IMarketRules.WrongMode.selector, 1, 2));
        order = _order();
        order.quantityWh = 2501;
        _expectOrderRefused(order, _outOfRange("quantityWh", 2501, 1, 2500));
        order = _order();
        order.minQuantityWh = 1001;
        _expectOrderRefused(order, _outOfRange("minQuantityWh", 1001, 0, 1000));
        order = _order();
        order.limitMicroPerKwh = 260_001;
        _expectOrderRefused(order, _outOfRange("limitMicroPerKwh", 260_001, 80_000, 260_000));
        order.side = MarketTypes.BUY;
        order.limitMicroPerKwh = 300_001;
        _expectOrderRefused(order, _outOfRange("limitMicroPerKwh", 300_001, 120_000, 300_000));
        order = _order();
        order.validUntil = START + 10 * 900 - 301;
        _expectOrderRefused(order, _outOfRange("validUntil", START + 10 * 900 - 301, START + 10 * 900 - 300, type(uint64).max));
        order = _order();
        order.side = 3;
        _expectOrderRefused(order, _outOfRange("side", 3, 1, 2));
    }

    function test_a_signature_of_another_order_chain_or_market_forces_nothing() external {
        _register(METER, _alice);
        Order memory order = _order();
        bytes memory signature = _signed(order);
        order.salt += 1;
        bytes memory problem = abi.encodeWithSelector(IMarketRules.BadSignature.selector, _alice);
        vm.expectRevert(problem);
        _rules.forceOrder(order, signature);
        order.salt -= 1;
        vm.chainId(1);
        vm.expectRevert(problem);
        _rules.forceOrder(order, signature);
        vm.chainId(31_337);
        _rules.forceOrder(order, signature);
    }

    function test_a_contract_account_signs_by_erc_1271() external {
        Order memory order = _order();
        order.trader = address(new SigningAccount("yes"));
        _register(METER, order.trader);
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.BadSignature.selector, order.trader));
        _rules.forceOrder(order, "no");
        _rules.forceOrder(order, "yes");
        expectUint(_rules.forcedAt(_digest(order)), block.timestamp, "it is forced");
    }
}
