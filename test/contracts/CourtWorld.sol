// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket, ProvenReading, ReadingStatus} from "../../contracts/IEnergyMarket.sol";
import {CourtConfig, Judge} from "../../contracts/IMarketCourt.sol";
import {Tenure} from "../../contracts/IMarketRules.sol";
import {MarketAnswers} from "../../contracts/MarketAnswers.sol";
import {MarketCourt} from "../../contracts/MarketCourt.sol";
import {MarketDayJudge} from "../../contracts/MarketDayJudge.sol";
import {BalanceOpening, FillOpening, OrderOpening, RowOpening, TierOpening} from "../../contracts/MarketOpening.sol";
import {MarketOrderJudge} from "../../contracts/MarketOrderJudge.sol";
import {MarketReadings} from "../../contracts/MarketReadings.sol";
import {MarketSettlement} from "../../contracts/MarketSettlement.sol";
import {MarketSlotJudge} from "../../contracts/MarketSlotJudge.sol";
import {
    Acknowledgement,
    Balance,
    DayHeader,
    Fill,
    MarketTypes,
    Order,
    OrderLeaf,
    Params,
    Row,
    SlotHeader,
    Tier
} from "../../contracts/MarketTypes.sol";
import {Target, Verdict} from "../../contracts/MarketVerdict.sol";
import {Check} from "./Check.sol";
import {MarketStub, RulesStub} from "./CourtStubs.sol";
import {CourtTree, Node} from "./CourtTree.sol";

/// @notice The cheatcodes for keys.
interface Keys {
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
}

/// @notice The worked example as an honest market posts it: five households, one traded slot and one without a market, on the market's second day. Tests change
/// one thing, post again, and show what they changed.
abstract contract CourtWorld is Check {
    Keys internal constant keys = Keys(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    uint64 internal constant DAY = 20_625;
    uint64 internal constant SLOT = DAY * 96 + 40;
    uint8 internal constant BIDS = 1;
    uint8 internal constant ASKS = 2;
    uint256 internal constant OPERATOR_KEY = 0xabcdef;
    address internal constant GRID = address(0xf0);
    address internal constant RETAILER = address(0xf1);
    address internal constant POOL = address(0xf2);
    address internal constant CHALLENGER = address(0xc0ffee);
    uint256 internal constant STAKE = 50;

    RulesStub internal _rules;
    MarketStub internal _market;
    MarketSlotJudge internal _slotJudge;
    MarketOrderJudge internal _orderJudge;
    MarketDayJudge internal _dayJudge;
    MarketAnswers internal _answers;
    MarketCourt internal _court;
    Params internal _params;

    /// @dev By place: A, B sell; C, D, E buy.
    Order[] internal _orders;
    OrderLeaf[] internal _set;
    mapping(uint8 side => Tier[]) internal _tiers;
    mapping(uint8 side => mapping(uint256 tier => Fill[])) internal _fills;
    SlotHeader internal _header;

    Row[] internal _rows;
    Balance[] internal _balances;
    Balance[] internal _balancesBefore;
    DayHeader internal _day;
    DayHeader internal _dayBefore;

    function setUp() public virtual {
        vm.warp(uint256(DAY + 2) * 1 days);
        _rules = new RulesStub();
        _market = new MarketStub(_rules, keys.addr(OPERATOR_KEY), DAY - 1);
        _params = Params({
            feedInMicroPerKwh: 80_000,
            retailMicroPerKwh: 300_000,
            gridFeeMicroPerKwh: 40_000,
            lineLimitWh: 0,
            effectiveFromSlot: (DAY - 1) * 96,
            gateLeadSeconds: 300,
            postWindowSeconds: 0,
            pricing: MarketTypes.AUCTION,
            mode: MarketTypes.FORWARD,
            grid: GRID,
            retailer: RETAILER,
            pool: POOL
        });
        _rules.setParams(_params);
        IEnergyMarket market = IEnergyMarket(address(_market));
        _slotJudge = new MarketSlotJudge(market);
        _orderJudge = new MarketOrderJudge(market);
        _dayJudge = new MarketDayJudge(market);
        _answers = new MarketAnswers(market);
        _court = new MarketCourt(
            CourtConfig({
                market: address(_market),
                slotJudge: address(_slotJudge),
                orderJudge: address(_orderJudge),
                dayJudge: address(_dayJudge),
                answers: address(_answers),
                readings: address(new MarketReadings(market)),
                stake: uint128(STAKE)
            })
        );
        _market.setCourt(address(_court));
        _market.setCredit(CHALLENGER, 1000);

        _order(MarketTypes.SELL, 1000, 100_000);
        _order(MarketTypes.SELL, 500, 150_000);
        _order(MarketTypes.BUY, 800, 280_000);
        _order(MarketTypes.BUY, 900, 220_000);
        _order(MarketTypes.BUY, 301, 220_000);
        _tiers[ASKS].push(Tier(100_000, 1000, 0));
        _tiers[ASKS].push(Tier(150_000, 500, 0));
        _tiers[BIDS].push(Tier(240_000, 800, 0));
        _tiers[BIDS].push(Tier(180_000, 1201, 0));
        _fill(ASKS, 0, 0, 1000);
        _fill(ASKS, 1, 1, 500);
        _fill(BIDS, 0, 2, 800);
        _fill(BIDS, 1, 3, 525);
        _fill(BIDS, 1, 4, 175);
        _header.slot = SLOT;
        _header.paramsVersion = 1;
        _header.mode = MarketTypes.FORWARD;
        _header.volumeWh = 1500;
        _header.priceBuy = 180_000;
        _header.priceSell = 180_000;
        _postSlot();

        int64[5] memory metered = [int64(600), 560, -800, -425, -175];
        int64[5] memory contracted = [int64(1000), 500, -800, -525, -175];
        for (uint256 i = 0; i < 5; ++i) {
            _row(i, SLOT, contracted[i], metered[i]);
            _row(i, SLOT + 1, 0, metered[i] + 10);
        }
        _sortRows();
        _runBalances();
        _postDays();
    }

    // ---- making the honest world ----

    function _keyOf(uint256 i) internal pure returns (uint256) {
        return 0x1000 + i;
    }

    function _trader(uint256 i) internal pure returns (address) {
        return keys.addr(_keyOf(i));
    }

    function _meter(uint256 i) internal pure returns (bytes32) {
        return keccak256(abi.encode("meter", i));
    }

    function _order(uint8 side, uint64 quantity, uint64 limit) private {
        uint256 i = _orders.length;
        _rules.setTenure(_meter(i), Tenure(_trader(i), 1, 5000, 5000));
        _orders.push(
            Order({
                trader: _trader(i),
                market: _rules.market(),
                meter: _meter(i),
                side: side,
                mode: MarketTypes.FORWARD,
                slotFrom: SLOT,
                slotCount: 4,
                quantityWh: quantity,
                limitMicroPerKwh: limit,
                minQuantityWh: 0,
                validUntil: SLOT * 900,
                counter: 0,
                salt: i
            })
        );
        _set.push(OrderLeaf(uint64(10 + 2 * i), _hashOf(_orders[i]), 0));
    }

    function _hashOf(Order memory order) internal view returns (bytes32) {
        return MarketTypes.digest(_market.domainSeparator(), MarketTypes.structHash(order));
    }

    function _fill(uint8 side, uint256 tier, uint256 i, uint64 filled) private {
        _fills[side][tier].push(Fill(_set[i].sequence, _set[i].orderHash, _meter(i), _orders[i].quantityWh, filled));
    }

    function _row(uint256 i, uint64 slot, int64 contracted, int64 metered) private {
        Row memory row;
        row.account = _trader(i);
        row.slot = slot;
        row.meter = _meter(i);
        row.orderHash = contracted == 0 ? bytes32(0) : _set[i].orderHash;
        row.contractedWh = contracted;
        row.meteredWh = metered;
        row.importFrom = 100;
        row.importTo = 115;
        row.exportFrom = 200;
        row.exportTo = 215;
        row.netNano = int128(MarketSettlement.net(contracted, metered, slot == SLOT ? 180_000 : 0, slot == SLOT ? 180_000 : 0, _params));
        _rows.push(row);
    }

    function _sortRows() internal {
        for (uint256 i = 1; i < _rows.length; ++i) {
            for (uint256 j = i; j > 0 && _isBehind(_rows[j - 1], _rows[j]); --j) {
                // Storage is copied, not swapped: one of the two goes through memory.
                Row memory left = _rows[j - 1];
                _rows[j - 1] = _rows[j];
                _rows[j] = left;
            }
        }
    }

    function _isBehind(Row memory left, Row memory right) private pure returns (bool) {
        return left.account != right.account ? left.account > right.account : left.slot > right.slot;
    }

    /// @dev Every account has 5,000,000 nano from the day before, but for the counter accounts.
    function _runBalances() internal {
        delete _balances;
        delete _balancesBefore;
        _balances.push(Balance(GRID, -25_000_000, 0, 0));
        _balances.push(Balance(RETAILER, 0, 0, 0));
        _balances.push(Balance(POOL, 0, 0, 0));
        _balancesBefore.push(Balance(GRID, -25_000_000, 0, 0));
        _balancesBefore.push(Balance(RETAILER, 0, 0, 0));
        _balancesBefore.push(Balance(POOL, 0, 0, 0));
        for (uint256 i = 0; i < _rows.length; ++i) {
            bool isFirst = i == 0 || _rows[i - 1].account != _rows[i].account;
            _rows[i].cumNano = (isFirst ? int128(5_000_000) : _rows[i - 1].cumNano) + _rows[i].netNano;
            if (isFirst) {
                _balancesBefore.push(Balance(_rows[i].account, 5_000_000, 0, 0));
                _balances.push(Balance(_rows[i].account, 0, uint32(i), 0));
            }
            Balance storage balance = _balances[_balances.length - 1];
            balance.cumNano = _rows[i].cumNano;
            balance.rowCount += 1;
        }
    }

    // ---- posting ----

    function _postSlot() internal {
        for (uint8 side = BIDS; side <= ASKS; ++side) {
            for (uint256 i = 0; i < _tiers[side].length; ++i) {
                _tiers[side][i].ordersRoot = CourtTree.root(CourtTree.FILLS, _fillNodes(side, i), _noNode()).hash;
            }
        }
        _postTiers();
    }

    function _postTiers() internal {
        _header.orderCount = uint32(_set.length);
        _header.orderSetRoot = CourtTree.root(CourtTree.PLAIN, _orderNodes(), _noNode()).hash;
        _header.bidTiers = uint32(_tiers[BIDS].length);
        _header.askTiers = uint32(_tiers[ASKS].length);
        _header.bidRoot = CourtTree.root(CourtTree.TIERS, _tierNodes(BIDS), _sentinelNode(BIDS)).hash;
        _header.askRoot = CourtTree.root(CourtTree.TIERS, _tierNodes(ASKS), _sentinelNode(ASKS)).hash;
        _commitSlot();
    }

    function _commitSlot() internal {
        _market.setSlot(SLOT, MarketTypes.hash(_header));
    }

    function _postDays() internal {
        _dayBefore.day = DAY - 1;
        _dayBefore.accountCount = uint32(_balancesBefore.length);
        _dayBefore.balancesRoot = CourtTree.root(CourtTree.BALANCES, _balanceNodes(_balancesBefore), _noNode()).hash;
        _market.setDay(DAY - 1, MarketTypes.hash(_dayBefore), uint64(block.timestamp), uint64(block.timestamp + 1 days));
        _day.day = DAY;
        _day.rowCount = uint32(_rows.length);
        _day.rowsRoot = CourtTree.root(CourtTree.PLAIN, _rowNodes(), _noNode()).hash;
        _day.accountCount = uint32(_balances.length);
        _day.balancesRoot = CourtTree.root(CourtTree.BALANCES, _balanceNodes(_balances), _noNode()).hash;
        _commitDay();
    }

    function _commitDay() internal {
        _market.setDay(DAY, MarketTypes.hash(_day), uint64(block.timestamp), uint64(block.timestamp + 2 days));
    }

    // ---- nodes ----

    function _noNode() internal pure returns (Node memory) {
        return Node(0, 0, 0);
    }

    function _sentinel(uint8 side) internal pure returns (Tier memory) {
        return Tier(side == BIDS ? 0 : MarketTypes.ASK_SENTINEL_PRICE, 0, 0);
    }

    function _sentinelNode(uint8 side) internal pure returns (Node memory) {
        return Node(MarketTypes.leaf(_sentinel(side)), 0, 0);
    }

    function _tierNodes(uint8 side) internal view returns (Node[] memory nodes) {
        Tier[] storage tiers = _tiers[side];
        nodes = new Node[](tiers.length + 1);
        for (uint256 i = 0; i < tiers.length; ++i) {
            nodes[i] = Node(MarketTypes.leaf(tiers[i]), tiers[i].quantityWh, 0);
        }
        nodes[tiers.length] = _sentinelNode(side);
    }

    function _fillNodes(uint8 side, uint256 tier) internal view returns (Node[] memory nodes) {
        Fill[] storage fills = _fills[side][tier];
        nodes = new Node[](fills.length);
        for (uint256 i = 0; i < fills.length; ++i) {
            nodes[i] = Node(MarketTypes.leaf(fills[i]), fills[i].quantityWh, fills[i].fillWh);
        }
    }

    function _orderNodes() internal view returns (Node[] memory nodes) {
        nodes = new Node[](_set.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            nodes[i] = Node(MarketTypes.leaf(_set[i]), 0, 0);
        }
    }

    function _rowNodes() internal view returns (Node[] memory nodes) {
        nodes = new Node[](_rows.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            nodes[i] = Node(MarketTypes.leaf(_rows[i]), 0, 0);
        }
    }

    function _balanceNodes(Balance[] storage balances) internal view returns (Node[] memory nodes) {
        nodes = new Node[](balances.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            (uint128 credit, uint128 debit) = MarketTypes.creditDebit(balances[i].cumNano);
            nodes[i] = Node(MarketTypes.leaf(balances[i]), credit, debit);
        }
    }

    // ---- openings ----

    function _openTier(uint8 side, uint256 index) internal view returns (TierOpening memory) {
        Tier memory tier = index < _tiers[side].length ? _tiers[side][index] : _sentinel(side);
        return TierOpening(side, uint32(index), tier, CourtTree.path(CourtTree.TIERS, _tierNodes(side), _sentinelNode(side), index));
    }

    function _fillPath(uint8 side, uint256 tier, uint256 index) internal view returns (bytes memory) {
        return CourtTree.path(CourtTree.FILLS, _fillNodes(side, tier), _noNode(), index);
    }

    function _openFill(uint8 side, uint256 tier, uint256 index) internal view returns (FillOpening memory) {
        return FillOpening(_openTier(side, tier), uint32(index), _fills[side][tier][index], _fillPath(side, tier, index));
    }

    function _openOrder(uint256 index) internal view returns (OrderOpening memory) {
        return OrderOpening(_set[index], uint32(index), CourtTree.path(CourtTree.PLAIN, _orderNodes(), _noNode(), index));
    }

    function _openRow(uint256 index) internal view returns (RowOpening memory) {
        return RowOpening(_rows[index], uint32(index), CourtTree.path(CourtTree.PLAIN, _rowNodes(), _noNode(), index));
    }

    function _openBalance(uint256 index) internal view returns (BalanceOpening memory) {
        return
            BalanceOpening(_balances[index], uint32(index), CourtTree.path(CourtTree.BALANCES, _balanceNodes(_balances), _noNode(), index));
    }

    function _openBalanceBefore(uint256 index) internal view returns (BalanceOpening memory) {
        return BalanceOpening(
            _balancesBefore[index], uint32(index), CourtTree.path(CourtTree.BALANCES, _balanceNodes(_balancesBefore), _noNode(), index)
        );
    }

    /// @dev Place of the row of household i in a slot.
    function _rowOf(uint256 i, uint64 slot) internal view returns (uint256 place) {
        while (_rows[place].meter != _meter(i) || _rows[place].slot != slot) ++place;
    }

    function _balanceOf(address account) internal view returns (uint256 place) {
        while (_balances[place].account != account) ++place;
    }

    // ---- what is signed ----

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = keys.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _acknowledge(uint256 i, uint64 receivedAt) internal view returns (Acknowledgement memory word, bytes memory signature) {
        word = Acknowledgement(_hashOf(_orders[i]), _rules.market(), _orders[i].slotFrom, uint64(10 + 2 * i), receivedAt);
        signature = _sign(OPERATOR_KEY, MarketTypes.digest(_market.domainSeparator(), MarketTypes.structHash(word)));
    }

    // ---- the court ----

    /// @dev The proof holds, the stake comes back, what it was about is void, and the bond falls or not.
    function _wins(Target target, Judge judge, bytes memory call, bytes32 reason, bool slashed) internal {
        uint64 number = target == Target.Day ? DAY : SLOT;
        uint256 slashes = _market.slashes();
        uint256 before = _market.creditOf(CHALLENGER);
        vm.prank(CHALLENGER);
        bool won = _court.challenge(target, number, judge, call);
        expect(won, "the challenge wins");
        expectBytes32(_market.lastReason(), reason, "reason");
        expect(_market.lastSlashed() == slashed, "slashed or not");
        expectUint(_market.slashes(), slashes + (slashed ? 1 : 0), "slashes");
        expectUint(_market.creditOf(CHALLENGER), before, "the stake is back");
        if (target == Target.Slot) expect(_market.isVoid(SLOT), "the slot is void");
        if (target == Target.Day) {
            (bytes32 hash,,) = _market.dayCommit(DAY);
            expect(hash == 0, "the day is void");
        }
    }

    /// @dev The proof does not hold, because nothing is wrong (`isHonest`) or because it shows nothing; nothing is void, and the stake is the operator's.
    function _loses(Target target, Judge judge, bytes memory call, bool isHonest) internal {
        (, bytes memory problem) = _court.judgeOf(judge).staticcall(call);
        expect((bytes4(problem) == MarketSlotJudge.NothingWrong.selector) == isHonest, "nothing is wrong");
        uint64 number = target == Target.Day ? DAY : SLOT;
        uint256 before = _market.creditOf(CHALLENGER);
        uint256 operators = _market.creditOf(_market.operator());
        vm.prank(CHALLENGER);
        bool won = _court.challenge(target, number, judge, call);
        expect(!won, "the challenge loses");
        expectUint(_market.creditOf(CHALLENGER), before - STAKE, "the stake is gone");
        expectUint(_market.creditOf(_market.operator()), operators + STAKE, "the operator has it");
        expect(_market.slotCommit(SLOT) != 0, "the slot stands");
        (bytes32 hash,,) = _market.dayCommit(DAY);
        expect(hash != 0, "the day stands");
    }
}
