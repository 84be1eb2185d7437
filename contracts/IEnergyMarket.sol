// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMarketRules} from "./IMarketRules.sol";
import {Balance, BalancesOpening, Certificate, DayHeader, SlotHeader} from "./MarketTypes.sol";

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

/// @notice Where an account is paid: at the account itself if `signature` is empty, else where its owner's EIP-712 `Payout` says.
struct Recipient {
    address to;
    uint64 validUntil;
    bytes signature;
}

/// @notice What a market is made with, and keeps.
/// @param rules Its parameters and meters: a MarketRules that was made for this very address.
/// @param token ERC-20 with at most 9 decimals that takes no fee and does not rebase.
/// @param court The contract that proves fraud; deployed after the market, at an address worked out before. Deposits wait for it.
/// @param challengeWindow Seconds from a day's posting to its finality. @param readingDeadline Seconds from a slot's end until its reading counts as missing.
/// @param answerWindow Seconds that the operator has to answer a demand.
/// @param withdrawDelay Seconds from a request to its payment. @param escapeAfter Seconds of silence after which the market may be halted.
/// @param bondMin Token units without which no day is posted. @param penalty Token units that a conviction takes. @param demandStake Token units staked in a demand.
struct MarketConfig {
    address rules;
    address token;
    address registry;
    address court;
    address operator;
    uint64 challengeWindow;
    uint64 readingDeadline;
    uint64 answerWindow;
    uint64 withdrawDelay;
    uint64 escapeAfter;
    uint128 bondMin;
    uint128 penalty;
    uint128 demandStake;
}

/// @title One market's escrow and commitments: holds the money, takes what the operator posts, and pays what is final.
/// @notice Who does what. The *operator* posts slots and days and has a bond here. The *court* is a contract that checks proofs of fraud and calls
/// this one. The *rules* are a contract in which the grid operator sets parameters and registers meters. All are fixed for ever; operator and grid operator may
/// be contract accounts. Nothing can be paused, upgraded or taken out by any of them.
///
/// Money. An account's balance is its deposit, plus floor(cumNano / nanoPerUnit) of the latest final day, minus what it has drawn. `cumNano` of all accounts
/// sums to zero at every day's root, which is checked when it is posted. Credit may be drawn as soon as its day is final, so it is no margin for later
/// slots. An operator MUST let an account owe, by the end of any day, no more than
///     deposit − pending withdrawal − max(drawn, the most that the latest final day or a posted one behind it lets it draw)
/// where a withdrawal that was asked for on that day or later does not count yet. Whoever may come to owe something needs a deposit, the retailer too.
/// A balance below zero on a posted day is a fraud that the bond pays for; the operator may cover a debt beforehand by `depositFor`.
///
/// Time. A day is posted once, after the last of its slots has ended and the deadline of readings is over, in order, without a gap. It is final
/// when the challenge window has passed. Voiding a day voids those behind it, which were built on it.
interface IEnergyMarket {
    // ---- events ----

    event SlotPosted(uint64 indexed slot, bytes32 indexed headerHash, uint64 volumeWh, uint64 priceBuy, uint64 priceSell);
    event SlotVoided(uint64 indexed slot, bytes32 indexed reason, address indexed challenger);
    event DayPosted(uint64 indexed day, bytes32 indexed dayHash, bytes32 balancesRoot, uint64 finalAt);
    /// @notice The days from `day` to `through` are void.
    event DaysVoided(uint64 indexed day, uint64 through, bytes32 indexed reason, address indexed challenger);
    event BondSlashed(bytes32 indexed reason, address indexed challenger, uint256 amount, uint256 reward);
    event BondFunded(address indexed from, uint256 amount);
    event BondWithdrawalRequested(uint256 amount, uint64 payableAt);
    event BondWithdrawn(uint256 amount);
    event Deposited(address indexed account, address indexed from, uint256 amount);
    event WithdrawalRequested(address indexed account, uint256 amount, uint64 payableAt);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    event Claimed(address indexed account, uint64 indexed day, address to, uint256 amount);
    event CreditFunded(address indexed account, uint256 amount);
    event CreditMoved(address indexed from, address indexed to, uint256 amount);
    event CreditCollected(address indexed account, address indexed to, uint256 amount);
    event ReadingDemanded(uint64 indexed slot, bytes32 indexed meter, address indexed by, uint64 answerBefore);
    event ReadingRecorded(uint64 indexed slot, bytes32 indexed meter, int64 meteredWh, bool acknowledged);
    event ReadingMissing(uint64 indexed slot, bytes32 indexed meter);
    event Halted(uint64 lastDay);

    // ---- errors ----

    error NotOperator(address caller);
    error NotCourt(address caller);
    error NotOwnerNorDso(address caller, address owner);
    error Reentered();
    error MarketIsHalted();
    error MarketIsNotHalted();
    /// @notice The operator was last heard of so recently that the market can be halted at `haltableAt` and not before.
    error TooEarlyToHalt(uint64 haltableAt);
    /// @notice A value of the configuration is outside its limits.
    error BadConfig(bytes32 what, uint256 value, uint256 least, uint256 most);
    error NoCourtThere(address court);
    /// @notice The rules were made for another market.
    error RulesOfAnother(address rules, address energyMarket);
    error AmountTooLarge(uint256 amount, uint256 most);
    error ZeroAmount();
    /// @notice The token moved another amount than it was asked to.
    error TransferTookFee(uint256 asked, uint256 received);
    error SlotAlreadyPosted(uint64 slot, bytes32 headerHash);
    error SlotIsVoid(uint64 slot);
    error SlotNotPosted(uint64 slot);
    error DayAlreadyPosted(uint64 day, uint64 latestDay);
    /// @notice It may be sent from `opensAt` on, in seconds since 1970.
    error TooEarly(uint256 opensAt);
    /// @notice It could be sent until `closedAt`, in seconds since 1970.
    error TooLate(uint256 closedAt);
    error DayOutOfOrder(uint64 day, uint64 expected);
    error TooManyAttempts(uint64 day);
    error CreditsUnequalDebits(uint256 creditNano, uint256 debitNano);
    error TooFewAccounts(uint32 count);
    error WrongBalancesRoot(bytes32 found, bytes32 expected);
    error WrongDayHeader(uint64 day, bytes32 found, bytes32 expected);
    error DayIsFinal(uint64 day);
    error DayNotFinal(uint64 day, uint64 finalAt);
    /// @notice A later day is final already: its balances count.
    error NotLatestFinalDay(uint64 day);
    error BondTooSmall(uint256 bond, uint256 least);
    error NothingToPay(address account);
    error NoWithdrawalRequested(address account);
    /// @notice Between the day of the request and this day slots may not be settled yet.
    error DayBeforeRequest(uint64 day, uint64 requestDay);
    error DepositTooSmall(address account, uint256 amount, uint256 deposited);
    /// @notice What is left in escrow does not cover the payment: debts were never paid in.
    error EscrowTooSmall(uint256 amount, uint256 escrow);
    error CreditTooSmall(address account, uint256 amount, uint256 credit);
    error BadSignature(address account);
    error NotAbsent(address account);
    error AlreadyDemanded(uint64 slot, bytes32 meter);
    error NotDemanded(uint64 slot, bytes32 meter);
    error AlreadyKnown(uint64 slot, bytes32 meter);
    error UnknownMeter(bytes32 meter, uint64 slot);

    // ---- what the court may rely on and call: all that MarketCourt needs ----

    /// @notice keccak256 of the market's name.
    function market() external view returns (bytes32);
    /// @notice EIP-712 domain that orders, acknowledgements and statements are signed under.
    function domainSeparator() external view returns (bytes32);
    function operator() external view returns (address);
    function court() external view returns (address);
    /// @notice The market's parameters, meters, counters and forced orders, and the check of a slot's header.
    function rules() external view returns (IMarketRules);
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
}
