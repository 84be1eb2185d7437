// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Certificate, Order, Params, SlotHeader} from "./MarketTypes.sol";

/// @notice From a slot on: who a meter's rows belong to, and what the meter can give and take in a slot, in Wh.
struct Tenure {
    address owner;
    uint32 fromSlot;
    uint32 maxExportWh;
    uint32 maxImportWh;
}

/// @notice What is registered of a meter once.
/// @param importSubject Bytes 18 to 49 of the entries of its import register. @param exportSubject The same for the export register.
/// @param cadenceMs How often its registers are read, in ms: entries at a boundary lie within twice of it.
/// @param deviceKey Ed25519 key of the device, for later: no contract checks it yet.
struct MeterTerms {
    bytes32 importSubject;
    bytes32 exportSubject;
    uint32 cadenceMs;
    bytes32 deviceKey;
}

/// @notice What a market's rules are made with.
/// @param market keccak256 of the market's name. @param energyMarket The EnergyMarket that they are for, at an address worked out before; the zero address in statement mode.
/// @param dso Grid operator and meter data company in one. @param paramsDelay Seconds from an announcement to the first gate that it may apply to, 24 h at least.
/// @param params Version 1; the market begins with its `effectiveFromSlot`.
struct RulesConfig {
    bytes32 market;
    address energyMarket;
    address dso;
    uint64 paramsDelay;
    Params params;
}

/// @title What one market goes by: parameters, meters, order counters, forced orders, and whether a slot's header is right.
/// @notice Holds no money. The *dso*, grid operator and meter data company in one, announces parameters ahead of time and registers meters; it is fixed
/// for ever and may be a contract account. What is written here is only ever added to.
interface IMarketRules {
    event ParamsAnnounced(uint32 indexed version, Params params);
    event MeterRegistered(bytes32 indexed meter, MeterTerms terms);
    event TenureAppended(bytes32 indexed meter, address indexed owner, uint32 fromSlot, uint32 maxExportWh, uint32 maxImportWh);
    event LogAppended(bytes32 indexed meter, bytes32 indexed logId, bool isOperators);
    event CounterIncremented(address indexed trader, uint64 counter);
    event OrderForced(bytes32 indexed orderHash, address indexed trader, uint64 indexed slotFrom, Order order, bytes signature);

    error NotDso(address caller);
    /// @notice A value is outside its limits.
    error OutOfRange(bytes32 what, uint256 value, uint256 least, uint256 most);
    /// @notice Grid, retailer and pool are three accounts.
    error AccountsNotDistinct(address grid, address retailer, address pool);
    /// @notice There is no such version, or it is not the one for this slot.
    error WrongParams(uint32 version, uint64 slot);
    error WrongMode(uint8 mode, uint8 expected);
    /// @notice It may be sent from `opensAt` on, in seconds since 1970.
    error TooEarly(uint256 opensAt);
    /// @notice It could be sent until `closedAt`, in seconds since 1970.
    error TooLate(uint256 closedAt);
    error UnknownMeter(bytes32 meter, uint64 slot);
    error MeterKnown(bytes32 meter);
    error LogKnown(bytes32 meter, bytes32 logId);
    error CounterStale(uint64 counter, uint64 expected);
    error WrongMarket(bytes32 market);
    error AlreadyForced(bytes32 orderHash);
    error BadSignature(address account);

    /// @notice keccak256 of the market's name.
    function market() external view returns (bytes32);
    function energyMarket() external view returns (address);
    function dso() external view returns (address);
    function paramsDelay() external view returns (uint64);
    /// @notice EIP-712 domain that orders, acknowledgements and statements are signed under.
    function domainSeparator() external view returns (bytes32);

    /// @notice Parameters by version, counted from 1.
    function paramsOf(uint32 version) external view returns (Params memory);
    function paramsVersions() external view returns (uint32);
    /// @notice Whether this version is the one for this slot. A court takes the version from a header, or has it named and asks here.
    function isInForce(uint32 version, uint64 slot) external view returns (bool);
    /// @notice The version for a slot. Reverts before the market's first.
    function versionAt(uint64 slot) external view returns (uint32);
    /// @notice Where a slashed bond's other half goes: the pool account of the newest parameters.
    function poolAccount() external view returns (address);

    function meterTerms(bytes32 meter) external view returns (MeterTerms memory);
    /// @notice Who a meter's row of this slot belongs to, and its limits; all zero before its first slot.
    function tenureAt(bytes32 meter, uint64 slot) external view returns (Tenure memory);
    /// @notice The logs that hold a meter's entries, an epoch each, oldest first.
    function meterLogs(bytes32 meter) external view returns (bytes32[] memory logIds);
    /// @notice Whether the log is one of the meter's, and whether it is the operator's own: only what stands there it cannot say it never had.
    function meterLog(bytes32 meter, bytes32 logId) external view returns (bool isOfMeter, bool isOperators);

    /// @notice Orders with a lower counter fall for slots whose gate is later than the moment in which it was raised.
    function counterOf(address trader) external view returns (uint64);
    /// @notice When the trader's counter left this value, in seconds since 1970; zero if it has not.
    function counterLeftAt(address trader, uint64 counter) external view returns (uint64);
    /// @notice When an order was forced onto the chain, in seconds since 1970; zero if never. It must be in the order sets of its slots.
    function forcedAt(bytes32 orderHash) external view returns (uint64);

    /// @notice Reverts unless this header may be posted now: its parameters are in force, its gate is over, and the certificate shows its volume and prices.
    /// What it cannot see: whether the slot was posted before, and whether the trees hold the right orders.
    function checkSlot(SlotHeader calldata header, Certificate calldata certificate) external view;

    /// @notice Cancels all orders of the caller with the present counter, for slots whose gate is later than now.
    function incrementCounter() external returns (uint64 counter);
    /// @notice Puts an order on the chain before its gate, if the operator will not acknowledge it. It then MUST stand in the order sets of its slots.
    /// The trader itself signs: a delegate's signature is not taken here.
    function forceOrder(Order calldata order, bytes calldata signature) external returns (bytes32 orderHash);

    /// @notice Dso only. Announces parameters for slots from `effectiveFromSlot` on, whose gate is `paramsDelay` from now at the earliest.
    function announceParams(Params calldata params) external returns (uint32 version);
    /// @notice Dso only. Registers a meter, from a slot on that has not begun.
    function registerMeter(bytes32 meter, MeterTerms calldata terms, Tenure calldata tenure, bytes32 logId, bool isOperators) external;
    /// @notice Dso only. Appends who the meter belongs to from a later slot on.
    function appendTenure(bytes32 meter, Tenure calldata tenure) external;
    /// @notice Dso only. Appends an epoch of the meter's log. Nothing is ever taken off the chain of epochs.
    function appendLog(bytes32 meter, bytes32 logId, bool isOperators) external;
}
