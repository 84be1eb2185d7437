// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMarketRules, MeterTerms, RulesConfig, Tenure} from "./IMarketRules.sol";
import {MarketProof} from "./MarketProof.sol";
import {MarketSignature} from "./MarketSignature.sol";
import {Certificate, MarketTypes, Order, Params, SlotHeader} from "./MarketTypes.sol";

/// @title What one market goes by. See IMarketRules.
/// @dev Apart from EnergyMarket because both together would be more code than a contract may have. [EIP-170]
contract MarketRules is IMarketRules {
    /// @dev `Params` with the slot at which the next version takes over, in two words for posting and three for accounts.
    struct Version {
        uint64 feedInMicroPerKwh;
        uint64 retailMicroPerKwh;
        uint64 gridFeeMicroPerKwh;
        uint64 lineLimitWh;
        uint64 fromSlot;
        uint64 untilSlot;
        uint32 gateLeadSeconds;
        uint32 postWindowSeconds;
        uint8 pricing;
        uint8 mode;
        address grid;
        address retailer;
        address pool;
    }

    struct Meter {
        MeterTerms terms;
        Tenure[] tenures;
        bytes32[] logIds;
        mapping(bytes32 logId => uint256) logs; // bit 0: of this meter; bit 1: the operator's own
    }

    /// @dev A forced order is on the chain so long before its gate that the operator can see it and take it in.
    uint64 public constant forceLeadSeconds = 600;
    uint256 private constant TENURES_MAX = 64;
    uint256 private constant LOGS_MAX = 64;
    uint256 private constant VERSIONS_MAX = 4096;
    uint32 private constant ORDER_SLOTS_MAX = 96 * 366;

    bytes32 public immutable market;
    address public immutable energyMarket;
    address public immutable dso;
    uint64 public immutable paramsDelay;

    Version[] private _versions;
    mapping(bytes32 meter => Meter) private _meters;
    mapping(address trader => uint64) public counterOf;
    mapping(address trader => mapping(uint64 counter => uint64)) public counterLeftAt;
    mapping(bytes32 orderHash => uint64) public forcedAt;

    modifier onlyDso() {
        if (msg.sender != dso) revert NotDso(msg.sender);
        _;
    }

    constructor(RulesConfig memory config) {
        if (config.dso == address(0)) revert NotDso(address(0));
        _checkRange("paramsDelay", config.paramsDelay, 24 hours, 365 days);
        // Never back into slots that have begun, and never so far ahead that arithmetic in seconds could overflow.
        _checkRange("effectiveFromSlot", config.params.effectiveFromSlot, _slotNow(), type(uint32).max);
        market = config.market;
        energyMarket = config.energyMarket;
        dso = config.dso;
        paramsDelay = config.paramsDelay;
        _append(config.params);
    }

    // ---- a slot's header ----

    /// @inheritdoc IMarketRules
    function checkSlot(SlotHeader calldata header, Certificate calldata certificate) external view {
        MarketProof.checkClearing(header, certificate, _checkedParams(header));
    }

    /// @dev The parameters of the header's version, without accounts, if they are in force for its slot and the slot may be posted now.
    function _checkedParams(SlotHeader calldata header) private view returns (Params memory params) {
        uint64 slot = header.slot;
        uint32 number = header.paramsVersion;
        if (!isInForce(number, slot)) revert WrongParams(number, slot);
        Version storage version = _versions[number - 1];
        if (header.mode != version.mode) revert WrongMode(header.mode, version.mode);

        uint256 gate = MarketTypes.startOf(slot) - version.gateLeadSeconds;
        // A metered slot is cleared by what its meters showed.
        uint256 opensAt = header.mode == MarketTypes.METERED ? gate + MarketTypes.SLOT_SECONDS : gate;
        if (block.timestamp < opensAt) revert TooEarly(opensAt);
        uint256 window = version.postWindowSeconds;
        if (window != 0 && block.timestamp > gate + window) revert TooLate(gate + window);

        params.feedInMicroPerKwh = version.feedInMicroPerKwh;
        params.retailMicroPerKwh = version.retailMicroPerKwh;
        params.gridFeeMicroPerKwh = version.gridFeeMicroPerKwh;
        params.lineLimitWh = version.lineLimitWh;
        params.pricing = version.pricing;
    }

    // ---- orders ----

    /// @inheritdoc IMarketRules
    function incrementCounter() external returns (uint64 counter) {
        counter = counterOf[msg.sender];
        counterLeftAt[msg.sender][counter] = uint64(block.timestamp);
        counterOf[msg.sender] = ++counter;
        emit CounterIncremented(msg.sender, counter);
    }

    /// @inheritdoc IMarketRules
    function forceOrder(Order calldata order, bytes calldata signature) external returns (bytes32 orderHash) {
        if (order.market != market) revert WrongMarket(order.market);
        if (order.counter != counterOf[order.trader]) revert CounterStale(order.counter, counterOf[order.trader]);
        Tenure memory tenure = tenureAt(order.meter, order.slotFrom);
        if (tenure.owner != order.trader || order.trader == address(0)) {
            revert UnknownMeter(order.meter, order.slotFrom);
        }
        Version storage version = _versions[versionAt(order.slotFrom) - 1];
        if (order.mode != version.mode) revert WrongMode(order.mode, version.mode);

        uint256 gate = MarketTypes.startOf(order.slotFrom) - version.gateLeadSeconds;
        if (block.timestamp + forceLeadSeconds > gate) revert TooLate(gate - forceLeadSeconds);
        _checkRange("validUntil", order.validUntil, gate, type(uint64).max);
        _checkRange("slotCount", order.slotCount, 1, ORDER_SLOTS_MAX);
        _checkRange("side", order.side, MarketTypes.BUY, MarketTypes.SELL);
        bool isBuy = order.side == MarketTypes.BUY;
        _checkRange("quantityWh", order.quantityWh, 1, isBuy ? tenure.maxImportWh : tenure.maxExportWh);
        _checkRange("minQuantityWh", order.minQuantityWh, 0, order.quantityWh);
        // A buyer's limit holds the grid fee too.
        uint256 fee = isBuy ? version.gridFeeMicroPerKwh : 0;
        uint256 most = uint256(version.retailMicroPerKwh) - version.gridFeeMicroPerKwh + fee;
        _checkRange("limitMicroPerKwh", order.limitMicroPerKwh, version.feedInMicroPerKwh + fee, most);

        orderHash = MarketTypes.digest(domainSeparator(), MarketTypes.structHash(order));
        if (forcedAt[orderHash] != 0) revert AlreadyForced(orderHash);
        if (!MarketSignature.isBy(order.trader, orderHash, signature)) revert BadSignature(order.trader);
        forcedAt[orderHash] = uint64(block.timestamp);
        emit OrderForced(orderHash, order.trader, order.slotFrom, order, signature);
    }

    // ---- parameters and meters ----

    /// @inheritdoc IMarketRules
    function announceParams(Params calldata params) external onlyDso returns (uint32 version) {
        Version storage last = _versions[_versions.length - 1];
        uint64 from = params.effectiveFromSlot;
        _checkRange("effectiveFromSlot", from, uint256(last.fromSlot) + 1, type(uint32).max);
        uint256 lead = last.gateLeadSeconds > params.gateLeadSeconds ? last.gateLeadSeconds : params.gateLeadSeconds;
        uint256 earliest = block.timestamp + paramsDelay;
        if (MarketTypes.startOf(from) < earliest + lead) revert TooEarly(earliest);
        last.untilSlot = from;
        return _append(params);
    }

    function _append(Params memory params) private returns (uint32 number) {
        _checkRange("versions", _versions.length, 0, VERSIONS_MAX - 1);
        _checkRange("retailMicroPerKwh", params.retailMicroPerKwh, 0, MarketTypes.PRICE_MAX);
        _checkRange("gridFeeMicroPerKwh", params.gridFeeMicroPerKwh, 0, params.retailMicroPerKwh);
        _checkRange("feedInMicroPerKwh", params.feedInMicroPerKwh, 0, params.retailMicroPerKwh - params.gridFeeMicroPerKwh);
        _checkRange("pricing", params.pricing, MarketTypes.AUCTION, MarketTypes.MIDMARKET);
        _checkRange("mode", params.mode, MarketTypes.METERED, MarketTypes.FORWARD);
        // In metered mode a standing order may be taken back until the slot begins.
        bool isMetered = params.mode == MarketTypes.METERED;
        _checkRange("gateLeadSeconds", params.gateLeadSeconds, 0, isMetered ? 0 : 1 days);
        if (params.postWindowSeconds != 0) {
            _checkRange("postWindowSeconds", params.postWindowSeconds, isMetered ? 2 * MarketTypes.SLOT_SECONDS : 60, 30 days);
        }
        // Different accounts, so that each has a leaf of its own.
        bool isMissing = params.grid == address(0) || params.retailer == address(0) || params.pool == address(0);
        if (isMissing || params.grid == params.retailer || params.retailer == params.pool || params.pool == params.grid) {
            revert AccountsNotDistinct(params.grid, params.retailer, params.pool);
        }
        _versions.push(
            Version({
                feedInMicroPerKwh: params.feedInMicroPerKwh,
                retailMicroPerKwh: params.retailMicroPerKwh,
                gridFeeMicroPerKwh: params.gridFeeMicroPerKwh,
                lineLimitWh: params.lineLimitWh,
                fromSlot: params.effectiveFromSlot,
                untilSlot: type(uint64).max,
                gateLeadSeconds: params.gateLeadSeconds,
                postWindowSeconds: params.postWindowSeconds,
                pricing: params.pricing,
                mode: params.mode,
                grid: params.grid,
                retailer: params.retailer,
                pool: params.pool
            })
        );
        number = uint32(_versions.length);
        emit ParamsAnnounced(number, params);
    }

    /// @inheritdoc IMarketRules
    function registerMeter(bytes32 meter, MeterTerms calldata terms, Tenure calldata tenure, bytes32 logId, bool isOperators)
        external
        onlyDso
    {
        Meter storage one = _meters[meter];
        if (one.tenures.length != 0) revert MeterKnown(meter);
        if (terms.importSubject == 0 || terms.exportSubject == 0 || terms.importSubject == terms.exportSubject) {
            revert OutOfRange("subjects", uint256(terms.exportSubject), 1, type(uint256).max);
        }
        // Entries at both ends of a slot must be told apart.
        _checkRange("cadenceMs", terms.cadenceMs, 1, MarketTypes.SLOT_SECONDS * 1000);
        one.terms = terms;
        emit MeterRegistered(meter, terms);
        _appendTenure(meter, tenure);
        _appendLog(meter, logId, isOperators);
    }

    /// @inheritdoc IMarketRules
    function appendTenure(bytes32 meter, Tenure calldata tenure) external onlyDso {
        uint256 count = _meters[meter].tenures.length;
        if (count == 0) revert UnknownMeter(meter, tenure.fromSlot);
        _checkRange("fromSlot", tenure.fromSlot, uint256(_meters[meter].tenures[count - 1].fromSlot) + 1, type(uint32).max);
        _appendTenure(meter, tenure);
    }

    /// @inheritdoc IMarketRules
    function appendLog(bytes32 meter, bytes32 logId, bool isOperators) external onlyDso {
        if (_meters[meter].tenures.length == 0) revert UnknownMeter(meter, 0);
        _appendLog(meter, logId, isOperators);
    }

    function _appendTenure(bytes32 meter, Tenure calldata tenure) private {
        Tenure[] storage tenures = _meters[meter].tenures;
        _checkRange("tenures", tenures.length, 0, TENURES_MAX - 1);
        if (tenure.owner == address(0)) revert OutOfRange("owner", 0, 1, type(uint160).max);
        // Never back into slots that were traded.
        _checkRange("fromSlot", tenure.fromSlot, _slotNow() + 1, type(uint32).max);
        tenures.push(tenure);
        emit TenureAppended(meter, tenure.owner, tenure.fromSlot, tenure.maxExportWh, tenure.maxImportWh);
    }

    function _appendLog(bytes32 meter, bytes32 logId, bool isOperators) private {
        Meter storage one = _meters[meter];
        _checkRange("logs", one.logIds.length, 0, LOGS_MAX - 1);
        if (logId == 0 || one.logs[logId] != 0) revert LogKnown(meter, logId);
        one.logIds.push(logId);
        one.logs[logId] = isOperators ? 3 : 1;
        emit LogAppended(meter, logId, isOperators);
    }

    // ---- what is known ----

    /// @inheritdoc IMarketRules
    function domainSeparator() public view returns (bytes32) {
        return MarketTypes.domainSeparator(energyMarket);
    }

    /// @inheritdoc IMarketRules
    function poolAccount() external view returns (address) {
        return _versions[_versions.length - 1].pool;
    }

    /// @inheritdoc IMarketRules
    function paramsOf(uint32 version) external view returns (Params memory) {
        if (version == 0 || version > _versions.length) revert WrongParams(version, 0);
        Version storage one = _versions[version - 1];
        return Params({
            feedInMicroPerKwh: one.feedInMicroPerKwh,
            retailMicroPerKwh: one.retailMicroPerKwh,
            gridFeeMicroPerKwh: one.gridFeeMicroPerKwh,
            lineLimitWh: one.lineLimitWh,
            effectiveFromSlot: one.fromSlot,
            gateLeadSeconds: one.gateLeadSeconds,
            postWindowSeconds: one.postWindowSeconds,
            pricing: one.pricing,
            mode: one.mode,
            grid: one.grid,
            retailer: one.retailer,
            pool: one.pool
        });
    }

    /// @inheritdoc IMarketRules
    function paramsVersions() external view returns (uint32) {
        return uint32(_versions.length);
    }

    /// @inheritdoc IMarketRules
    function isInForce(uint32 version, uint64 slot) public view returns (bool) {
        if (version == 0 || version > _versions.length) return false;
        Version storage one = _versions[version - 1];
        return slot >= one.fromSlot && slot < one.untilSlot;
    }

    /// @notice The version for a slot; reverts before the market's first.
    function versionAt(uint64 slot) public view returns (uint32) {
        // From the newest, which is most often the one or the one before.
        for (uint256 number = _versions.length; number > 0; --number) {
            if (slot >= _versions[number - 1].fromSlot) return uint32(number);
        }
        revert WrongParams(0, slot);
    }

    /// @inheritdoc IMarketRules
    function meterTerms(bytes32 meter) external view returns (MeterTerms memory) {
        return _meters[meter].terms;
    }

    /// @inheritdoc IMarketRules
    function tenureAt(bytes32 meter, uint64 slot) public view returns (Tenure memory tenure) {
        Tenure[] storage tenures = _meters[meter].tenures;
        for (uint256 i = tenures.length; i > 0; --i) {
            if (slot >= tenures[i - 1].fromSlot) return tenures[i - 1];
        }
    }

    /// @inheritdoc IMarketRules
    function meterLogs(bytes32 meter) external view returns (bytes32[] memory logIds) {
        return _meters[meter].logIds;
    }

    /// @inheritdoc IMarketRules
    function meterLog(bytes32 meter, bytes32 logId) external view returns (bool isOfMeter, bool isOperators) {
        uint256 bits = _meters[meter].logs[logId];
        return (bits & 1 != 0, bits & 2 != 0);
    }

    function _slotNow() private view returns (uint256) {
        return block.timestamp / MarketTypes.SLOT_SECONDS;
    }

    function _checkRange(bytes32 what, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert OutOfRange(what, value, least, most);
    }
}
