// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket, ProvenReading, ReadingStatus} from "./IEnergyMarket.sol";
import {CourtConfig, IMarketCourt, Judge} from "./IMarketCourt.sol";
import {IMarketRules} from "./IMarketRules.sol";
import {IMarketWindows} from "./MarketDayJudge.sol";
import {MarketOpening} from "./MarketOpening.sol";
import {MarketOrder} from "./MarketOrder.sol";
import {MarketReadings} from "./MarketReadings.sol";
import {DayHeader, MarketTypes, Order, SlotHeader} from "./MarketTypes.sol";
import {Asked, Leaf, Target, Verdict} from "./MarketVerdict.sol";
import {ReadingProof} from "./MeterReading.sol";

/// @title Holds stakes and demands, asks its judges, and gives their verdicts effect in the market. See IMarketCourt.
/// @dev The judges have no state and are only ever asked by static calls, so that nothing that they are shown can act. No call of this contract goes to anything but
/// them and the market.
contract MarketCourt is IMarketCourt {
    struct Demand {
        address by;
        uint64 answerBefore;
    }

    IEnergyMarket public immutable market;
    IMarketRules public immutable rules;
    address public immutable answers;
    MarketReadings public immutable readings;
    uint256 public immutable stake;
    address private immutable _slotJudge;
    address private immutable _orderJudge;
    address private immutable _dayJudge;

    mapping(bytes32 id => Demand) public demandOf;
    mapping(uint64 slot => mapping(bytes32 meter => uint64)) public anchoredAt;
    mapping(uint64 slot => bool) public isEquivocated;

    constructor(CourtConfig memory config) {
        address[5] memory helpers = [config.slotJudge, config.orderJudge, config.dayJudge, config.answers, config.readings];
        for (uint256 i = 0; i < helpers.length; ++i) {
            // All of them have the same getter.
            if (address(MarketReadings(helpers[i]).market()) != config.market) revert JudgeOfAnother(helpers[i], config.market);
        }
        market = IEnergyMarket(config.market);
        rules = market.rules();
        answers = config.answers;
        readings = MarketReadings(config.readings);
        stake = config.stake;
        _slotJudge = config.slotJudge;
        _orderJudge = config.orderJudge;
        _dayJudge = config.dayJudge;
    }

    /// @inheritdoc IMarketCourt
    function judgeOf(Judge judge) public view returns (address) {
        return judge == Judge.Slot ? _slotJudge : judge == Judge.Order ? _orderJudge : _dayJudge;
    }

    // ---- challenges ----

    /// @inheritdoc IMarketCourt
    function challenge(Target target, uint64 number, Judge judge, bytes calldata call) external returns (bool won) {
        _checkStands(target, number);
        market.moveCredit(msg.sender, address(this), stake);
        bytes memory answer;
        (won, answer) = judgeOf(judge).staticcall(call);
        if (!won) {
            // A judge that ran out of gas, or could not read the call, says nothing: that is no verdict.
            if (answer.length == 0) revert NoVerdict();
            market.moveCredit(address(this), market.operator(), stake);
            emit ChallengeLost(target, number, msg.sender, answer);
            return false;
        }
        // A getter of a judge answers too, but not with four words.
        if (answer.length != 128) revert NoVerdict();
        Verdict memory verdict = abi.decode(answer, (Verdict));
        if (verdict.target != target || verdict.number != number) revert OtherTarget(verdict.target, verdict.number);
        market.moveCredit(address(this), msg.sender, stake);
        emit ChallengeWon(target, number, verdict.reason, msg.sender);
        _convict(verdict, msg.sender);
    }

    /// @dev Where nothing stands any more nobody can win, and nobody shall lose for having come second.
    function _checkStands(Target target, uint64 number) private view {
        bool stands;
        if (target == Target.Slot) stands = market.slotCommit(number) != 0 && !market.isFinal(MarketTypes.dayOf(number));
        else if (target == Target.Day) stands = _isDayOpen(number);
        else if (target == Target.Operator) stands = !isEquivocated[number];
        if (!stands) revert NothingStands(target, number);
    }

    function _isDayOpen(uint64 day) private view returns (bool) {
        (bytes32 hash,,) = market.dayCommit(day);
        return hash != 0 && !market.isFinal(day);
    }

    function _convict(Verdict memory verdict, address challenger) private {
        if (verdict.target == Target.Slot) {
            market.voidSlot(verdict.number, verdict.reason, challenger, verdict.slashed);
        } else if (verdict.target == Target.Day) {
            market.voidDay(verdict.number, verdict.reason, challenger, verdict.slashed);
        } else {
            isEquivocated[verdict.number] = true;
            market.slash(verdict.reason, challenger);
        }
    }

    // ---- readings ----

    /// @inheritdoc IMarketCourt
    function showReading(uint64 slot, bytes32 meter, ReadingProof calldata proof) external {
        (ProvenReading memory shown, uint64 time) = readings.read(slot, meter, proof);
        ProvenReading memory known = market.readingOf(slot, meter);
        if (known.status == ReadingStatus.Proven && !_isLower(shown, known)) revert NotLower(slot, meter);
        anchoredAt[slot][meter] = time;
        market.recordReading(slot, meter, shown);
    }

    /// @dev Of several crossings the lowest counts. Numbers of different logs of a meter do not compare; the operator's own log and a later epoch of it begin at 1 again.
    function _isLower(ProvenReading memory a, ProvenReading memory b) private pure returns (bool) {
        bool isNoHigher =
            a.importFrom <= b.importFrom && a.importTo <= b.importTo && a.exportFrom <= b.exportFrom && a.exportTo <= b.exportTo;
        bool isSame = a.importFrom == b.importFrom && a.importTo == b.importTo && a.exportFrom == b.exportFrom && a.exportTo == b.exportTo;
        // The very same reading, shown to be in the operator's own log too, says that it could know.
        return isNoHigher && (!isSame || (a.acknowledged && !b.acknowledged));
    }

    // ---- demands ----

    /// @inheritdoc IMarketCourt
    function demandOfSlot(SlotHeader calldata header, Asked calldata asked) external returns (bytes32 id) {
        bytes32 commit = MarketOpening.slotHash(market, header);
        uint256 count;
        if (asked.leaf == Leaf.Tier || asked.leaf == Leaf.Fill) {
            count = MarketOpening.tiersOf(header, asked.side);
            // Which places a tier has is not committed to; one beyond is answered by showing that it is.
            if (asked.leaf == Leaf.Tier && asked.other != 0) revert NoSuchLeaf(asked);
        } else {
            bool isOfSet = asked.leaf == Leaf.OrderInSet || asked.leaf == Leaf.OrderBody || asked.leaf == Leaf.Cancellation;
            if (isOfSet && asked.side == 0 && asked.other == 0) count = header.orderCount;
        }
        bool isThere = asked.index < count && asked.number == header.slot && asked.commit == commit && asked.hash == 0;
        if (!isThere) revert NoSuchLeaf(asked);
        return _demand(Target.Slot, asked);
    }

    /// @inheritdoc IMarketCourt
    function demandForced(SlotHeader calldata header, Order calldata order) external returns (bytes32 id) {
        bytes32 commit = MarketOpening.slotHash(market, header);
        bytes32 orderHash = MarketOrder.hashOf(market.domainSeparator(), order);
        Asked memory asked = Asked(Leaf.ForcedOrder, header.slot, commit, 0, 0, 0, orderHash);
        uint256 gate = MarketOrder.gateOf(rules.paramsOf(header.paramsVersion), header.slot);
        uint64 forcedAt = rules.forcedAt(orderHash);
        bool isDue = forcedAt != 0 && forcedAt < gate && MarketOrder.fault(rules, header, order) == 0;
        if (!isDue) revert NoSuchLeaf(asked);
        return _demand(Target.Slot, asked);
    }

    /// @inheritdoc IMarketCourt
    function demandOfDay(DayHeader calldata header, Asked calldata asked) external returns (bytes32 id) {
        bytes32 commit = MarketOpening.dayHash(market, header);
        uint256 count;
        if (asked.leaf == Leaf.Row || asked.leaf == Leaf.RowContract) count = header.rowCount;
        else if (asked.leaf == Leaf.Balance) count = header.accountCount;
        bool isPlain = asked.side == 0 && asked.other == 0 && asked.hash == 0;
        bool isThere = isPlain && asked.index < count && asked.number == header.day && asked.commit == commit;
        if (!isThere) revert NoSuchLeaf(asked);
        return _demand(Target.Day, asked);
    }

    function _demand(Target target, Asked memory asked) private returns (bytes32 id) {
        _checkStands(target, asked.number);
        id = _idOf(asked);
        if (demandOf[id].by != address(0)) revert AlreadyDemanded(id);
        uint64 window = IMarketWindows(address(market)).answerWindow();
        uint64 answerBefore = uint64(block.timestamp) + window;
        uint64 day = target == Target.Day ? asked.number : MarketTypes.dayOf(asked.number);
        (bytes32 hash,, uint64 finalAt) = market.dayCommit(day);
        // After the answer there must be time to close the demand before the day is final. A day posted later leaves that time in any case.
        if (hash != 0 && answerBefore + window / 4 > finalAt) revert TooLate(finalAt - window - window / 4);
        market.moveCredit(msg.sender, address(this), stake);
        demandOf[id] = Demand(msg.sender, answerBefore);
        emit LeafDemanded(id, msg.sender, asked, answerBefore);
    }

    /// @inheritdoc IMarketCourt
    function show(Asked calldata asked, bytes calldata call) external {
        bytes32 id = _idOf(asked);
        Demand memory demand = demandOf[id];
        if (demand.by == address(0)) revert NotDemanded(id);
        if (block.timestamp >= demand.answerBefore) revert TooLate(demand.answerBefore);
        (bool isShown, bytes memory answer) = answers.staticcall(call);
        if (!isShown) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        if (answer.length != 224 || keccak256(answer) != id) revert OtherLeaf(id);
        delete demandOf[id];
        // For the gas of the answer.
        market.moveCredit(address(this), market.operator(), stake);
        emit LeafShown(id, call);
    }

    /// @inheritdoc IMarketCourt
    function closeDemand(Asked calldata asked) external {
        bytes32 id = _idOf(asked);
        Demand memory demand = demandOf[id];
        if (demand.by == address(0)) revert NotDemanded(id);
        if (block.timestamp < demand.answerBefore) revert TooEarly(demand.answerBefore);
        delete demandOf[id];
        market.moveCredit(address(this), demand.by, stake);
        emit LeafNotShown(id, asked);
        bool isOfDay = asked.leaf == Leaf.Row || asked.leaf == Leaf.Balance || asked.leaf == Leaf.RowContract;
        // What was asked about may be void for another reason by now, or posted anew: then nothing is left to do.
        if (!_stillStands(isOfDay, asked)) return;
        _convict(Verdict(isOfDay ? Target.Day : Target.Slot, asked.number, "not-shown", true), demand.by);
    }

    function _stillStands(bool isOfDay, Asked calldata asked) private view returns (bool) {
        if (!isOfDay) return market.slotCommit(asked.number) == asked.commit && !market.isFinal(MarketTypes.dayOf(asked.number));
        (bytes32 hash,,) = market.dayCommit(asked.number);
        return hash == asked.commit && !market.isFinal(asked.number);
    }

    /// @dev The words that a function of `answers` returns, hashed.
    function _idOf(Asked memory asked) private pure returns (bytes32) {
        return keccak256(abi.encode(asked));
    }
}
