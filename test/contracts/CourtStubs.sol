// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ProvenReading, SlotStatus} from "../../contracts/IEnergyMarket.sol";
import {MeterTerms, Tenure} from "../../contracts/IMarketRules.sol";
import {MarketTypes, Params} from "../../contracts/MarketTypes.sol";

/// @notice Rules of which a test says what they are.
contract RulesStub {
    bytes32 public market = keccak256("test");
    Params private _params;
    uint32 public versionCount = 1;
    mapping(bytes32 => Tenure) private _tenures;
    mapping(bytes32 => MeterTerms) public meterTerms;
    mapping(bytes32 => mapping(bytes32 => uint256)) private _logs;
    mapping(address => uint64) public counterOf;
    mapping(address => mapping(uint64 => uint64)) public counterLeftAt;
    mapping(bytes32 => uint64) public forcedAt;

    function setParams(Params memory params) external {
        _params = params;
    }

    function setTenure(bytes32 meter, Tenure memory tenure) external {
        _tenures[meter] = tenure;
    }

    function setCounterLeft(address trader, uint64 counter, uint64 time) external {
        counterLeftAt[trader][counter] = time;
    }

    function setForced(bytes32 orderHash, uint64 time) external {
        forcedAt[orderHash] = time;
    }

    function paramsOf(uint32) external view returns (Params memory) {
        return _params;
    }

    function setMeter(bytes32 meter, MeterTerms memory terms, bytes32 logId, bool isOperators) external {
        meterTerms[meter] = terms;
        _logs[meter][logId] = isOperators ? 3 : 1;
    }

    function meterLog(bytes32 meter, bytes32 logId) external view returns (bool isOfMeter, bool isOperators) {
        uint256 bits = _logs[meter][logId];
        return (bits & 1 != 0, bits & 2 != 0);
    }

    function versionAt(uint64) external pure returns (uint32) {
        return 1;
    }

    function tenureAt(bytes32 meter, uint64) external view returns (Tenure memory) {
        return _tenures[meter];
    }

    function domainSeparator() external view returns (bytes32) {
        return MarketTypes.domainSeparator(msg.sender);
    }
}

/// @notice A market of which a test says what was posted, and which remembers what a court did.
contract MarketStub {
    struct Day {
        bytes32 hash;
        uint64 postedAt;
        uint64 finalAt;
    }

    RulesStub public rules;
    address public operator;
    address public court;
    address public registry;
    uint64 public firstDay;
    uint64 public constant answerWindow = 24 hours;
    uint64 public constant challengeWindow = 48 hours;
    uint64 public constant readingDeadline = 24 hours;
    uint256 public constant nanoPerUnit = 1000;

    mapping(uint64 => bytes32) public slotCommit;
    mapping(uint64 => bool) public isVoid;
    mapping(uint64 => Day) public dayCommit;
    mapping(uint64 => mapping(bytes32 => ProvenReading)) private _readings;
    mapping(address => uint256) public deposits;
    mapping(address => uint256) public drawn;
    mapping(address => uint256) public creditOf;

    bytes32 public lastReason;
    bool public lastSlashed;
    uint256 public slashes;

    constructor(RulesStub rules_, address operator_, uint64 firstDay_) {
        rules = rules_;
        operator = operator_;
        firstDay = firstDay_;
    }

    function market() external view returns (bytes32) {
        return rules.market();
    }

    function domainSeparator() external view returns (bytes32) {
        return MarketTypes.domainSeparator(address(this));
    }

    function setCourt(address court_) external {
        court = court_;
    }

    function setRegistry(address registry_) external {
        registry = registry_;
    }

    function setSlot(uint64 slot, bytes32 hash) external {
        slotCommit[slot] = hash;
    }

    function setDay(uint64 day, bytes32 hash, uint64 postedAt, uint64 finalAt) external {
        dayCommit[day] = Day(hash, postedAt, finalAt);
    }

    function setReading(uint64 slot, bytes32 meter, ProvenReading memory reading) external {
        _readings[slot][meter] = reading;
    }

    function setAccount(address account, uint256 deposited, uint256 drawn_) external {
        (deposits[account], drawn[account]) = (deposited, drawn_);
    }

    function setCredit(address account, uint256 amount) external {
        creditOf[account] = amount;
    }

    function slotStatus(uint64 slot) external view returns (SlotStatus) {
        return isVoid[slot] ? SlotStatus.Voided : slotCommit[slot] == 0 ? SlotStatus.None : SlotStatus.Posted;
    }

    function isFinal(uint64 day) public view returns (bool) {
        return dayCommit[day].hash != 0 && block.timestamp >= dayCommit[day].finalAt;
    }

    function readingOf(uint64 slot, bytes32 meter) external view returns (ProvenReading memory) {
        return _readings[slot][meter];
    }

    function accountOf(address account) external view returns (uint256, uint256, uint256, uint64) {
        return (deposits[account], drawn[account], 0, 0);
    }

    function recordReading(uint64 slot, bytes32 meter, ProvenReading calldata reading) external {
        _readings[slot][meter] = reading;
    }

    function moveCredit(address from, address to, uint256 amount) external {
        creditOf[from] -= amount;
        creditOf[to] += amount;
    }

    function voidSlot(uint64 slot, bytes32 reason, address, bool slashed) external {
        (isVoid[slot], slotCommit[slot]) = (true, 0);
        _note(reason, slashed);
    }

    function voidDay(uint64 day, bytes32 reason, address, bool slashed) external {
        delete dayCommit[day];
        _note(reason, slashed);
    }

    function slash(bytes32 reason, address) external {
        _note(reason, true);
    }

    function _note(bytes32 reason, bool slashed) private {
        (lastReason, lastSlashed) = (reason, slashed);
        if (slashed) ++slashes;
    }
}
