// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Balance, BalancesOpening, Certificate, DayHeader, Order, Params, SlotHeader} from "./MarketTypes.sol";

/// @notice What became of a slot's header.
enum SlotStatus {
    None, //   never posted: settles without contracts
    Posted,
    Voided //  shown to be false: settles without contracts, and is never posted again
}

/// @notice What is known of a meter's slot beyond what the operator says.
enum ReadingStatus {
    None,
    Proven, //  shown to the court from anchored entries
    Missing //  demanded, and not shown in time: the missing rule counts
}

/// @notice A reading that was shown to the court.
/// @param meteredWh Net export in Wh.
/// @param importFrom Numbers of the entries at the slot's boundaries; of several crossings the lowest counts, so a later proof may only go down.
/// @param acknowledged The entries are in the operator's own anchored log, so that it cannot say it never had them.
struct ProvenReading {
    ReadingStatus status;
    bool acknowledged;
    uint64 recordedAt;
    int64 meteredWh;
    uint48 importFrom;
    uint48 importTo;
    uint48 exportFrom;
    uint48 exportTo;
}

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

/// @notice Where an account is paid: at the account itself if `signature` is empty, else where its owner's EIP-712 `Payout` says.
struct Recipient {
    address to;
    uint64 validUntil;
    bytes signature;
}

/// @title One market's escrow and commitments: holds the money, takes what the operator posts, and pays what is final.
/// @notice Who does what. The *operator* posts slots and days and has a bond here. The *dso*, grid operator and meter data company in one, sets
/// parameters and registers meters. The *court* is a contract that checks proofs of fraud and calls this one. All three are fixed for ever;
/// each may be a contract account. Nothing can be paused, upgraded or taken out by any of them.
///
/// Money. An account's balance is its deposit, plus floor(cumNano / nanoPerUnit) of the latest final day, minus what it has drawn. `cumNano` of all accounts
/// sums to zero at every day's root, which is checked when it is posted. Credit may be drawn as soon as its day is final, so it is no margin for later
/// slots: an operator MUST take orders only against `deposit − pending withdrawal + floor(cum / nanoPerUnit) − max(drawn, floor(claimable cum / nanoPerUnit))`.
/// A balance below zero on a posted day is a fraud that the bond pays for; the operator may cover a debt beforehand by `depositFor`.
///
/// Time. A day is posted once, after the last of its slots has ended and the deadline of readings is over, in order, without a gap. It is final
/// when the challenge window has passed. Voiding a day voids those behind it, which were built on it.
interface IEnergyMarket {
    // ---- what the court may rely on and call: all that MarketCourt needs ----

    /// @notice keccak256 of the market's name.
    function market() external view returns (bytes32);
    /// @notice EIP-712 domain that orders, acknowledgements and statements are signed under.
    function domainSeparator() external view returns (bytes32);
    function operator() external view returns (address);
    function dso() external view returns (address);
    function court() external view returns (address);
    /// @notice The AnchorRegistry that readings are proved against.
    function registry() external view returns (address);
    function token() external view returns (address);
    /// @notice Nano-currency in one unit of the token: 10^(9 − decimals).
    function nanoPerUnit() external view returns (uint256);

    /// @notice Hash of the posted header; zero if there is none or it was voided.
    function slotCommit(uint64 slot) external view returns (bytes32);
    function slotStatus(uint64 slot) external view returns (SlotStatus);
    /// @notice Hash of the day's header, zero if there is none; when it was posted and when it is or was final, in seconds since 1970.
    function dayCommit(uint64 day) external view returns (bytes32 dayHash, uint64 postedAt, uint64 finalAt);
    function isFinal(uint64 day) external view returns (bool);
    /// @notice The newest posted day, final or not; `firstDay − 1` while there is none.
    function latestDay() external view returns (uint64);
    function firstDay() external view returns (uint64);

    /// @notice Parameters by version, counted from 1.
    function paramsOf(uint32 version) external view returns (Params memory);
    function paramsVersions() external view returns (uint32);
    /// @notice Whether this version is the one for this slot. A court takes the version from a header, or has it named and asks here.
    function isInForce(uint32 version, uint64 slot) external view returns (bool);

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

    function readingOf(uint64 slot, bytes32 meter) external view returns (ProvenReading memory);
    /// @notice What the operator has at stake, in token units.
    function bond() external view returns (uint256);
    /// @notice What a conviction takes from the bond at most, in token units: half to the challenger, half to the pool account.
    function penalty() external view returns (uint256);
    /// @notice Token units that an account may collect, or may stake in challenges: rewards, returned bonds, and what it put in by `fundCredit`.
    function creditOf(address account) external view returns (uint256);
    function accountOf(address account)
        external
        view
        returns (uint256 deposited, uint256 drawn, uint256 withdrawalPending, uint64 requestedAt);

    /// @notice Court only. Voids a posted slot, for good. If its day is posted and not final, that day is voided with it, and those behind it.
    /// @param slashed Whether the bond is cut by `penalty`. @param challenger Who gets half of that.
    /// @dev Reverts with `DayIsFinal` if the slot's day is final.
    function voidSlot(uint64 slot, bytes32 reason, address challenger, bool slashed) external;
    /// @notice Court only. Voids a posted day that is not final, and those behind it. The operator may post it anew, `dayAttemptsMax` times in all.
    function voidDay(uint64 day, bytes32 reason, address challenger, bool slashed) external;
    /// @notice Court only. Cuts the bond for what voids nothing, such as two signatures on different headers.
    function slash(bytes32 reason, address challenger) external;
    /// @notice Court only. Writes down a reading that it has checked, and closes a demand for it. The day of the slot must not be final.
    /// @dev Which of two readings wins is the court's business. `status` and `recordedAt` of the argument are ignored.
    function recordReading(uint64 slot, bytes32 meter, ProvenReading calldata reading) external;
    /// @notice Court only. Moves credit, so that a court can hold stakes: from the challenger to itself, and on to whoever wins.
    function moveCredit(address from, address to, uint256 amount) external;

    // ---- traders ----

    /// @notice Puts token units into the caller's account. Refuses tokens that take a fee.
    function deposit(uint256 amount) external;
    /// @notice Puts the caller's token units into another's account: how an operator covers a debt.
    function depositFor(address account, uint256 amount) external;
    /// @notice Asks for a part of the deposit back. From now on it is no margin. A new request replaces the old one; 0 withdraws it.
    function requestWithdrawal(uint256 amount) external;
    /// @notice Pays a request once `withdrawDelay` has passed and a day that is not before the request is final: the amount asked for, or what is left of it.
    /// @param header Of the latest final day. @param balance The account's leaf there. @param index Its place. @param path 64 bytes a level: hash, u128 credit, u128 debit.
    function withdraw(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path, Recipient calldata recipient)
        external
        returns (uint256 paid);
    /// @notice Pays what the latest final day gives the account beyond what it has drawn. Anybody may send it; the account is paid.
    function claim(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path) external returns (uint256 paid);
    /// @notice The same, paid at another address by the owner's EIP-712 signature, for tokens that refuse the account.
    function claimTo(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path, Recipient calldata recipient)
        external
        returns (uint256 paid);
    /// @notice Pays the caller its credit.
    function collect(Recipient calldata recipient, address account) external returns (uint256 paid);
    /// @notice Puts token units into the caller's credit, to stake in challenges.
    function fundCredit(uint256 amount) external;
    /// @notice Cancels all orders of the caller with the present counter, for slots whose gate is later than now.
    function incrementCounter() external returns (uint64 counter);
    /// @notice Puts an order on the chain before its gate, if the operator will not acknowledge it. It then MUST stand in the order sets of its slots.
    function forceOrder(Order calldata order, bytes calldata signature) external returns (bytes32 orderHash);
    /// @notice Demands that the reading of a slot be shown within `answerWindow`. The caller, the meter's owner or the dso, stakes `demandStake` of its credit:
    /// back if it is not shown, the operator's if it is.
    function demandReading(uint64 slot, bytes32 meter) external;
    /// @notice Closes a demand that was not answered in time: the reading is missing.
    function closeDemand(uint64 slot, bytes32 meter) external;
    /// @notice Ends the market if the operator has been silent for `escapeAfter`. Nothing is posted any more; everybody takes out what the last final day leaves.
    function halt() external;
    /// @notice After the halt: pays all that an account has.
    function exit(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path, Recipient calldata recipient)
        external
        returns (uint256 paid);
    /// @notice After the halt, for an account that is not in the last final day, or if no day ever was: pays its deposit. The leaves are neighbours between which
    /// the account would stand: `left` at `index` and `right` at `index + 1`; before the first and behind the last, that one alone, with the other path empty.
    function exitAbsent(
        address account,
        DayHeader calldata header,
        uint256 index,
        Balance calldata left,
        bytes calldata leftPath,
        Balance calldata right,
        bytes calldata rightPath,
        Recipient calldata recipient
    ) external returns (uint256 paid);

    // ---- operator ----

    /// @notice Posts the clearing of a slot, with the certificate that volume and prices follow from its trees. Once a slot.
    function postSlot(SlotHeader calldata header, Certificate calldata certificate) external;
    /// @notice Posts a day, with its balance root opened one level, to show that credits equal debits.
    function postDay(DayHeader calldata header, BalancesOpening calldata balances) external;
    function fundBond(uint256 amount) external;
    function requestBondWithdrawal(uint256 amount) external;
    /// @notice Pays back bond after `withdrawDelay`; `bondMin` stays until the market is halted.
    function withdrawBond() external;

    // ---- dso ----

    /// @notice Announces parameters for slots from `effectiveFromSlot` on, whose gate opens a `paramsDelay` from now at the earliest.
    function announceParams(Params calldata params) external returns (uint32 version);
    function registerMeter(bytes32 meter, MeterTerms calldata terms, Tenure calldata tenure, bytes32 logId, bool isOperators) external;
    /// @notice Appends who the meter belongs to from a later slot on.
    function appendTenure(bytes32 meter, Tenure calldata tenure) external;
    /// @notice Appends an epoch of the meter's log. Nothing is ever taken off the chain of epochs.
    function appendLog(bytes32 meter, bytes32 logId, bool isOperators) external;
}
