// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket, SlotStatus} from "../../contracts/IEnergyMarket.sol";
import {CourtConfig, Judge} from "../../contracts/IMarketCourt.sol";
import {Tenure} from "../../contracts/IMarketRules.sol";
import {MarketAnswers} from "../../contracts/MarketAnswers.sol";
import {MarketCourt} from "../../contracts/MarketCourt.sol";
import {MarketDayJudge} from "../../contracts/MarketDayJudge.sol";
import {BalanceOpening, FillOpening, RowOpening, TierOpening} from "../../contracts/MarketOpening.sol";
import {MarketOrderJudge} from "../../contracts/MarketOrderJudge.sol";
import {MarketReadings} from "../../contracts/MarketReadings.sol";
import {MarketSettlement} from "../../contracts/MarketSettlement.sol";
import {MarketSlotJudge} from "../../contracts/MarketSlotJudge.sol";
import {Balance, BalancesOpening, Certificate, DayHeader, Fill, MarketTypes, Row, SlotHeader, Tier} from "../../contracts/MarketTypes.sol";
import {Asked, Leaf, Target} from "../../contracts/MarketVerdict.sol";
import {CrossingProof, EntryProof, ReadingProof} from "../../contracts/MeterReading.sol";
import {CourtTree, Node} from "./CourtTree.sol";
import {MarketAuction} from "./MarketAuction.sol";
import {MarketWorld} from "./MarketWorld.sol";
import {TestToken} from "./TestToken.sol";

/// @notice The court with the market itself, its money, and a registry of logs: what is posted passes every check of posting and is false all the same.
contract MarketCourtWholeTest is MarketWorld {
    address private constant ALICE = address(0xa11ce);
    address private constant CHALLENGER = address(0xc0ffee);
    bytes32 private constant METER = "meter of alice";
    uint64 private constant SLOT = FIRST_SLOT + 4;
    uint48 private constant BEGINS = uint48((uint256(FIRST_SLOT) + 4) * 900_000);
    uint48 private constant ENDS = BEGINS + 900_000;

    MarketCourt private _court;
    bytes32 private _logId;
    bytes32 private _root;
    bytes[] private _entries;

    function setUp() external {
        _build(address(new TestToken()));
        IEnergyMarket market = _market;
        CourtConfig memory config = CourtConfig({
            market: address(_market),
            slotJudge: address(new MarketSlotJudge(market)),
            orderJudge: address(new MarketOrderJudge(market)),
            dayJudge: address(new MarketDayJudge(market)),
            answers: address(new MarketAnswers(market)),
            readings: address(new MarketReadings(market)),
            stake: STAKE
        });
        // Its code, immutables and all, at the address that the market was made with.
        vm.etch(COURT, address(new MarketCourt(config)).code);
        _court = MarketCourt(COURT);
        _fundBond();
        _fundCredit(CHALLENGER, STAKE);
        _logId = _registry.open("log of alice");
        vm.prank(DSO);
        _rules.registerMeter(METER, _terms(METER), Tenure(ALICE, uint32(FIRST_SLOT), 2500, 15_000), _logId, true);
    }

    // ---- slots ----

    /// @dev One seller of 1000 Wh and two buyers of 600 Wh at one price, whose shares are 500 Wh each; the first got `favour` more.
    function _postSlotOfThree(uint64 favour) private returns (SlotHeader memory header, FillOpening memory opening) {
        Node[] memory fills = new Node[](2);
        Fill memory first = Fill(1, "first", "m1", 600, 500 + favour);
        Fill memory second = Fill(2, "second", "m2", 600, 500 - favour);
        fills[0] = Node(MarketTypes.leaf(first), 600, first.fillWh);
        fills[1] = Node(MarketTypes.leaf(second), 600, second.fillWh);
        Node memory pad;
        Tier[] memory bids = new Tier[](1);
        bids[0] = Tier(200_000, 1200, CourtTree.root(CourtTree.FILLS, fills, pad).hash);
        Tier[] memory asks = new Tier[](1);
        asks[0] = Tier(100_000, 1000, MarketTypes.leaf(Fill(3, "third", METER, 1000, 1000)));
        header.slot = SLOT;
        header.paramsVersion = 1;
        header.mode = _mode;
        header.orderCount = 3;
        header.orderSetRoot = "set";
        Certificate memory certificate;
        (header, certificate) = MarketAuction.certify(header, bids, asks, 0);
        vm.warp(uint256(SLOT) * 900 - 300);
        vm.prank(OPERATOR);
        _market.postSlot(header, certificate);
        Node[] memory tiers = new Node[](2);
        tiers[0] = Node(MarketTypes.leaf(bids[0]), 1200, 0);
        tiers[1] = Node(MarketTypes.leaf(Tier(0, 0, 0)), 0, 0);
        TierOpening memory tier = TierOpening(MarketTypes.BUY, 0, bids[0], CourtTree.path(CourtTree.TIERS, tiers, tiers[1], 0));
        opening = FillOpening(tier, 0, first, CourtTree.path(CourtTree.FILLS, fills, pad, 0));
    }

    function test_attack_bad_clearing_a_slot_that_passed_its_certificate_falls_by_what_orders_got() external {
        (SlotHeader memory header, FillOpening memory opening) = _postSlotOfThree(1);
        vm.prank(CHALLENGER);
        bool won = _court.challenge(Target.Slot, SLOT, Judge.Slot, abi.encodeCall(MarketSlotJudge.fillWrong, (header, opening)));
        expect(won, "won");
        expect(_market.slotStatus(SLOT) == SlotStatus.Voided, "the slot is void");
        expectUint(_market.bond(), BOND_MIN - PENALTY, "bond");
        expectUint(_market.creditOf(CHALLENGER), STAKE + PENALTY / 2, "half of the penalty, and the stake");
        expectUint(_market.creditOf(POOL), PENALTY / 2, "the other half");
    }

    function test_attack_griefing_a_false_challenge_loses_its_stake_to_the_operator() external {
        (SlotHeader memory header, FillOpening memory opening) = _postSlotOfThree(0);
        vm.prank(CHALLENGER);
        bool won = _court.challenge(Target.Slot, SLOT, Judge.Slot, abi.encodeCall(MarketSlotJudge.fillWrong, (header, opening)));
        expect(!won, "lost");
        expect(_market.slotStatus(SLOT) == SlotStatus.Posted, "the slot stands");
        expectUint(_market.creditOf(CHALLENGER), 0, "the stake is gone");
        expectUint(_market.creditOf(OPERATOR), STAKE, "to the operator");
        expectUint(_market.bond(), BOND_MIN, "bond");
    }

    function test_attack_data_withholding_a_set_that_nobody_can_open_voids_the_slot() external {
        (SlotHeader memory header,) = _postSlotOfThree(0);
        Asked memory asked = Asked(Leaf.OrderInSet, SLOT, MarketTypes.hash(header), 0, 1, 0, 0);
        vm.prank(CHALLENGER);
        _court.demandOfSlot(header, asked);
        vm.warp(block.timestamp + ANSWER);
        _court.closeDemand(asked);
        expect(_market.slotStatus(SLOT) == SlotStatus.Voided, "the slot is void");
        expectUint(_market.bond(), BOND_MIN - PENALTY, "bond");
        expectUint(_market.creditOf(CHALLENGER), STAKE + PENALTY / 2, "half of the penalty, and the stake");
    }

    // ---- days and readings ----

    /// @dev The registers of the meter: what was imported in the slot, and what was exported, in mWh.
    function _log(int64 importMwh, int64 exportMwh) private {
        int64[8] memory values = [
            int64(5_000_000),
            5_000_000,
            5_000_000 + importMwh,
            5_000_000 + importMwh,
            9_000_000,
            9_000_000,
            9_000_000 + exportMwh,
            9_000_000 + exportMwh
        ];
        for (uint256 i = 0; i < 8; ++i) {
            bool isExport = i >= 4;
            uint48 moment = i % 4 < 2 ? BEGINS : ENDS;
            moment = i % 2 == 1 ? moment + 30_000 : moment - 30_000;
            bytes32 subject = isExport ? _terms(METER).exportSubject : _terms(METER).importSubject;
            bytes memory head =
                abi.encodePacked(uint8(1), uint8(1), bytes16("salt"), subject, uint16(isExport ? 2 : 1), int8(-3), uint24(0));
            uint48 number = uint48(100 + 50 * (i / 2) + i % 2);
            _entries.push(bytes.concat(head, abi.encodePacked(values[i], moment, moment + 5, number, uint32(0), bytes32("source"))));
        }
        vm.warp(START + 1 days);
        _root = _rootOf(0, 8);
        _registry.anchor(_logId, 8, _root, new bytes32[](0));
    }

    function _rootOf(uint256 from, uint256 count) private view returns (bytes32) {
        if (count == 1) return sha256(bytes.concat(hex"00", _entries[from]));
        return sha256(bytes.concat(hex"01", _rootOf(from, count / 2), _rootOf(from + count / 2, count / 2)));
    }

    function _entry(uint256 i) private view returns (EntryProof memory proof) {
        (proof.logId, proof.size, proof.time, proof.root) = (_logId, 8, START + 1 days, _root);
        (proof.index, proof.leafData) = (uint64(i), _entries[i]);
        proof.inclusionProof = new bytes32[](3);
        for (uint256 level = 0; level < 3; ++level) {
            proof.inclusionProof[level] = _rootOf((i >> level ^ 1) << level, 1 << level);
        }
    }

    function _reading() private view returns (ReadingProof memory) {
        return ReadingProof(_crossing(0), _crossing(2), _crossing(4), _crossing(6));
    }

    function _crossing(uint256 i) private view returns (CrossingProof memory) {
        return CrossingProof(_entry(i), _entry(i + 1));
    }

    /// @dev One row and the four balances that follow from it.
    function _postDayOfOne(int64 metered) private returns (DayHeader memory header, RowOpening memory opening, Balance[] memory balances) {
        Row memory row;
        (row.account, row.slot, row.meter, row.meteredWh) = (ALICE, SLOT, METER, metered);
        (row.importFrom, row.importTo, row.exportFrom, row.exportTo) = (100, 150, 200, 250);
        row.netNano = int128(MarketSettlement.net(0, metered, 0, 0, _params()));
        row.cumNano = row.netNano;
        balances = new Balance[](4);
        balances[0] = Balance(GRID, 0, 0, 0);
        balances[1] = Balance(RETAILER, -row.netNano, 0, 0);
        balances[2] = Balance(POOL, 0, 0, 0);
        balances[3] = Balance(ALICE, row.netNano, 0, 1);
        BalancesOpening memory sums;
        (header, sums) = _day(FIRST_DAY, balances);
        (header.rowCount, header.rowsRoot) = (1, MarketTypes.leaf(row));
        vm.warp((uint256(FIRST_DAY) + 1) * 1 days + DEADLINE);
        vm.prank(OPERATOR);
        _market.postDay(header, sums);
        opening = RowOpening(row, 0, "");
    }

    function test_attack_altered_reading_a_true_reading_wins_against_a_false_row() external {
        _log(0, 600_000);
        // The operator's log says 600 Wh, its row 500.
        (DayHeader memory header, RowOpening memory row,) = _postDayOfOne(500);
        _court.showReading(SLOT, METER, _reading());
        expectInt(_market.readingOf(SLOT, METER).meteredWh, 600, "shown");
        vm.prank(CHALLENGER);
        bool won = _court.challenge(Target.Day, FIRST_DAY, Judge.Day, abi.encodeCall(MarketDayJudge.readingWrong, (header, row)));
        expect(won, "won");
        (bytes32 hash,,) = _market.dayCommit(FIRST_DAY);
        expect(hash == 0, "the day is void");
        expectUint(_market.bond(), BOND_MIN - PENALTY, "bond");
        // Its row can be posted right.
        _give(OPERATOR, PENALTY);
        vm.prank(OPERATOR);
        _market.fundBond(PENALTY);
        _postDayOfOne(600);
        expectUint(_market.latestDay(), FIRST_DAY, "posted anew");
    }

    function test_attack_griefing_a_challenge_of_a_true_row_loses() external {
        _log(0, 600_000);
        (DayHeader memory header, RowOpening memory row,) = _postDayOfOne(600);
        _court.showReading(SLOT, METER, _reading());
        vm.prank(CHALLENGER);
        bool won = _court.challenge(Target.Day, FIRST_DAY, Judge.Day, abi.encodeCall(MarketDayJudge.readingWrong, (header, row)));
        expect(!won, "lost");
        expectUint(_market.creditOf(OPERATOR), STAKE, "the stake is the operator's");
        expectUint(_market.latestDay(), FIRST_DAY, "the day stands");
    }

    function test_attack_withheld_reading_a_demand_that_is_not_answered_leaves_the_missing_rule() external {
        _log(0, 600_000);
        (DayHeader memory header, RowOpening memory row,) = _postDayOfOne(600);
        _fundCredit(ALICE, STAKE);
        vm.prank(ALICE);
        _market.demandReading(SLOT, METER);
        vm.warp(block.timestamp + ANSWER);
        _market.closeDemand(SLOT, METER);
        vm.prank(CHALLENGER);
        bool won = _court.challenge(Target.Day, FIRST_DAY, Judge.Day, abi.encodeCall(MarketDayJudge.readingWrong, (header, row)));
        expect(won, "won");
        expectUint(_market.bond(), BOND_MIN, "the bond stays: it may have been spread");
        expectUint(_market.creditOf(ALICE), STAKE, "her stake is back");
    }

    function test_a_demand_for_a_reading_is_answered_by_showing_it() external {
        _log(0, 600_000);
        vm.warp(uint256(SLOT + 1) * 900);
        _fundCredit(ALICE, STAKE);
        vm.prank(ALICE);
        _market.demandReading(SLOT, METER);
        vm.warp(START + 1 days + 1);
        _court.showReading(SLOT, METER, _reading());
        expectUint(_market.creditOf(OPERATOR), STAKE, "for the gas");
        (address by,) = _market.demandOf(SLOT, METER);
        expect(by == address(0), "closed");
    }

    function test_attack_insolvency_a_debt_beyond_the_deposit_falls_on_the_bond_and_a_deposit_cures_it() external {
        (DayHeader memory header,, Balance[] memory balances) = _postDayOfOne(-1000);
        BalanceOpening memory opening = BalanceOpening(balances[3], 3, _path(balances, 3));
        bytes memory call = abi.encodeCall(MarketDayJudge.insolvent, (header, opening));
        // 1 kWh at 300,000 µ are 300,000 units of a token with six decimals.
        _deposit(ALICE, 299_999);
        vm.prank(CHALLENGER);
        expect(_court.challenge(Target.Day, FIRST_DAY, Judge.Day, call), "won");
        expectUint(_market.bond(), BOND_MIN - PENALTY, "bond");
        _give(OPERATOR, PENALTY);
        vm.prank(OPERATOR);
        _market.fundBond(PENALTY);
        _postDayOfOne(-1000);
        _deposit(ALICE, 1);
        vm.prank(CHALLENGER);
        expect(!_court.challenge(Target.Day, FIRST_DAY, Judge.Day, call), "covered");
    }

    function test_nothing_but_the_court_moves_credit_or_voids() external {
        expect(COURT == _market.court(), "the court");
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NotCourt.selector, address(this)));
        _market.moveCredit(CHALLENGER, address(this), 1);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.NotCourt.selector, address(this)));
        _market.voidSlot(SLOT, "x", address(this), true);
    }
}
