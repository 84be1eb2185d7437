// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a market lets its slots be traded and settled by. Prices are µ-currency per kWh, which is nano-currency per Wh exactly.
/// @param feedInMicroPerKwh F: what the grid pays for surplus.
/// @param retailMicroPerKwh R: what a household pays its supplier, grid fee included. F ≤ R − g.
/// @param gridFeeMicroPerKwh g: what the grid gets for each kWh that is imported.
/// @param lineLimitWh What the line behind which all sellers stand carries in a slot, in Wh; 0 for no limit.
/// @param effectiveFromSlot First slot that these parameters are for.
/// @param gateLeadSeconds How long before a slot's start its book is closed, in seconds; 0 in metered mode.
/// @param postWindowSeconds How long after the gate a slot's header is taken, in seconds; 0 for as long as its day is not posted.
/// @param pricing 1 auction, 2 midmarket.
/// @param mode 1 metered, 2 forward.
/// @param grid Counter account of the grid fee. @param retailer Of surplus and deficit. @param pool Of what deviations leave.
struct Params {
    uint64 feedInMicroPerKwh;
    uint64 retailMicroPerKwh;
    uint64 gridFeeMicroPerKwh;
    uint64 lineLimitWh;
    uint64 effectiveFromSlot;
    uint32 gateLeadSeconds;
    uint32 postWindowSeconds;
    uint8 pricing;
    uint8 mode;
    address grid;
    address retailer;
    address pool;
}

/// @notice A slot's clearing in twelve words. `keccak256(abi.encode(header))` is what the chain keeps.
/// @param orderSetRoot Plain tree over every order that was acknowledged before the gate; breaks ties of single Wh.
/// @param bidTiers How many real tiers the bid tree has; behind them stands at least one sentinel. @param askTiers The same for asks.
/// @param volumeWh Q. @param priceBuy Energy price of buyers, µ/kWh; 0 if nothing is traded. @param priceSell Of sellers; differs only where the line limit binds.
struct SlotHeader {
    uint64 slot;
    uint32 paramsVersion;
    uint8 mode;
    uint32 orderCount;
    bytes32 orderSetRoot;
    uint32 bidTiers;
    bytes32 bidRoot;
    uint32 askTiers;
    bytes32 askRoot;
    uint64 volumeWh;
    uint64 priceBuy;
    uint64 priceSell;
}

/// @notice A day's rows and balances. `keccak256(abi.encode(header))` is what the chain keeps.
struct DayHeader {
    uint64 day;
    uint32 rowCount;
    bytes32 rowsRoot;
    uint32 accountCount;
    bytes32 balancesRoot;
}

/// @notice Leaf of the order set: plain tree, by strictly rising sequence. `cancellation` is the hash of what took the order out before the gate; zero if it stands.
struct OrderLeaf {
    uint64 sequence;
    bytes32 orderHash;
    bytes32 cancellation;
}

/// @notice Leaf of a tier tree: all orders of one side at one energy price. Sentinels: price 0 for bids, 2^64 − 1 for asks, the rest zero.
struct Tier {
    uint64 price;
    uint64 quantityWh;
    bytes32 ordersRoot;
}

/// @notice Leaf of a tier's fill tree, by rising sequence. `quantityWh` is the effective one.
struct Fill {
    uint64 sequence;
    bytes32 orderHash;
    bytes32 meter;
    uint64 quantityWh;
    uint64 fillWh;
}

/// @notice What one meter's slot came to. Energy is net export in Wh; money in nano-currency.
/// @param orderHash The order whose fill is the contract; zero if there is none.
/// @param usualImportWh Largest import in the same slot of the last four same weekdays, for the missing rule.
/// @param flags 1 substituted, 2 spread, 4 adjusted.
/// @param importFrom Numbers of the entries at the slot's boundaries, 0 for none; so the other three.
/// @param cumNano Sum through the account's rows from its balance of the day before.
struct Row {
    address account;
    uint64 slot;
    bytes32 meter;
    bytes32 orderHash;
    int64 contractedWh;
    int64 meteredWh;
    uint64 usualImportWh;
    uint8 flags;
    uint48 importFrom;
    uint48 importTo;
    uint48 exportFrom;
    uint48 exportTo;
    int128 netNano;
    int128 cumNano;
}

/// @notice What an account has come to by the end of a day, in nano-currency, and which rows of that day are its own.
struct Balance {
    address account;
    int128 cumNano;
    uint32 firstRow;
    uint32 rowCount;
}

/// @notice The two children of a balance tree's root.
struct BalancesOpening {
    bytes32 left;
    uint128 leftCredit;
    uint128 leftDebit;
    bytes32 right;
    uint128 rightCredit;
    uint128 rightDebit;
}

/// @notice A signed order. Its EIP-712 digest is its public name.
/// @param side 1 buy, 2 sell. @param mode 1 metered, 2 forward.
/// @param limitMicroPerKwh Buy: all that is paid, grid fee included. Sell: net to the seller.
/// @param validUntil Seconds since 1970; stands only for slots whose gate is not later. @param counter Equals the trader's counter.
struct Order {
    address trader;
    bytes32 market;
    bytes32 meter;
    uint8 side;
    uint8 mode;
    uint64 slotFrom;
    uint32 slotCount;
    uint64 quantityWh;
    uint64 limitMicroPerKwh;
    uint64 minQuantityWh;
    uint64 validUntil;
    uint64 counter;
    uint256 salt;
}

/// @notice An agent's right to sign orders for one meter of an owner, within limits.
struct Delegation {
    address owner;
    address agent;
    bytes32 market;
    bytes32 meter;
    uint64 maxWhPerSlot;
    uint64 minSellMicroPerKwh;
    uint64 maxBuyMicroPerKwh;
    uint64 notBefore;
    uint64 notAfter;
    uint256 nonce;
}

/// @notice What the operator signs when it has taken an order; `slot` is the order's `slotFrom`, `receivedAt` in seconds since 1970.
struct Acknowledgement {
    bytes32 orderHash;
    bytes32 market;
    uint64 slot;
    uint64 sequence;
    uint64 receivedAt;
}

/// @notice One side of a clearing certificate.
/// @param index Place of the last tier that got something; 0 if nothing is traded.
/// @param last That tier. @param lastPath Its path: 40 bytes a level (hash, u64 sum), from the leaf upwards.
/// @param next The tier behind it, and its path. Read only if `last` is fully served; else all zero and empty.
struct SideCertificate {
    uint32 index;
    Tier last;
    bytes lastPath;
    Tier next;
    bytes nextPath;
}

/// @notice Shows that volume and prices of a header follow from its two tier trees.
struct Certificate {
    SideCertificate bids;
    SideCertificate asks;
}

/// @title The market's leaves and signed words as bytes: one function a hash, numbers packed big-endian.
/// @notice Trees are perfect binary trees of depth ceil(log2(max(n, 1))), padded on the right. Tags keep leaves, nodes and the trees' kinds apart. The
/// same bytes are written by agent/trade; test/vectors/market is read by both.
library MarketTypes {
    uint64 internal constant SLOT_SECONDS = 900;
    uint64 internal constant SLOTS_PER_DAY = 96;

    uint8 internal constant BUY = 1;
    uint8 internal constant SELL = 2;
    uint8 internal constant METERED = 1;
    uint8 internal constant FORWARD = 2;
    uint8 internal constant AUCTION = 1;
    uint8 internal constant MIDMARKET = 2;

    uint8 internal constant ROW_SUBSTITUTED = 1;
    uint8 internal constant ROW_SPREAD = 2;
    uint8 internal constant ROW_ADJUSTED = 4;

    /// @dev Prices stay below 2^53, so that every program reads them exactly.
    uint64 internal constant PRICE_MAX = (1 << 53) - 1;
    uint64 internal constant ASK_SENTINEL_PRICE = type(uint64).max;
    /// @dev Of one order. Sums of 2^20 orders stay below 2^53.
    uint64 internal constant QUANTITY_WH_MAX = type(uint32).max;

    bytes1 internal constant ORDER_LEAF = 0x10;
    bytes1 internal constant TIER_LEAF = 0x11;
    bytes1 internal constant FILL_LEAF = 0x12;
    bytes1 internal constant ROW_LEAF = 0x13;
    bytes1 internal constant BALANCE_LEAF = 0x14;
    bytes1 internal constant PLAIN_NODE = 0x01;
    bytes1 internal constant TIER_NODE = 0x02;
    bytes1 internal constant FILL_NODE = 0x04;
    bytes1 internal constant BALANCE_NODE = 0x05;

    bytes32 internal constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant DOMAIN_NAME_HASH = keccak256("Kedge Energy Market");
    bytes32 internal constant DOMAIN_VERSION_HASH = keccak256("1");
    bytes32 internal constant ORDER_TYPEHASH = keccak256(
        "Order(address trader,bytes32 market,bytes32 meter,uint8 side,uint8 mode,uint64 slotFrom,uint32 slotCount,uint64 quantityWh,uint64 limitMicroPerKwh,uint64 minQuantityWh,uint64 validUntil,uint64 counter,uint256 salt)"
    );
    bytes32 internal constant ORDER_CANCELLATION_TYPEHASH = keccak256("OrderCancellation(bytes32[] hashes)");
    bytes32 internal constant COUNTER_INCREMENT_TYPEHASH = keccak256("CounterIncrement(address trader,bytes32 market,uint64 counter)");
    bytes32 internal constant DELEGATION_TYPEHASH = keccak256(
        "Delegation(address owner,address agent,bytes32 market,bytes32 meter,uint64 maxWhPerSlot,uint64 minSellMicroPerKwh,uint64 maxBuyMicroPerKwh,uint64 notBefore,uint64 notAfter,uint256 nonce)"
    );
    bytes32 internal constant DELEGATION_REVOCATION_TYPEHASH = keccak256("DelegationRevocation(bytes32 delegation)");
    bytes32 internal constant ACKNOWLEDGEMENT_TYPEHASH =
        keccak256("Acknowledgement(bytes32 orderHash,bytes32 market,uint64 slot,uint64 sequence,uint64 receivedAt)");
    bytes32 internal constant SLOT_STATEMENT_TYPEHASH = keccak256("SlotStatement(bytes32 market,uint64 slot,bytes32 headerHash)");
    /// @dev Lets an account be paid at another address: an owner whom the token refuses can still get out.
    bytes32 internal constant PAYOUT_TYPEHASH =
        keccak256("Payout(address account,address to,bytes32 market,uint64 validUntil,uint256 nonce)");

    // ---- time ----

    /// @notice When a slot begins, in seconds since 1970.
    function startOf(uint64 slot) internal pure returns (uint256) {
        return uint256(slot) * SLOT_SECONDS;
    }

    function dayOf(uint64 slot) internal pure returns (uint64) {
        return slot / SLOTS_PER_DAY;
    }

    // ---- headers ----

    function hash(SlotHeader memory header) internal pure returns (bytes32) {
        return keccak256(abi.encode(header));
    }

    function hash(DayHeader memory header) internal pure returns (bytes32) {
        return keccak256(abi.encode(header));
    }

    // ---- leaves ----

    function leaf(OrderLeaf memory order) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(ORDER_LEAF, order.sequence, order.orderHash, order.cancellation));
    }

    function leaf(Tier memory tier) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(TIER_LEAF, tier.price, tier.quantityWh, tier.ordersRoot));
    }

    function leaf(Fill memory fill) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(FILL_LEAF, fill.sequence, fill.orderHash, fill.meter, fill.quantityWh, fill.fillWh));
    }

    /// @dev In two halves, because all fields at once are more than the stack holds.
    function leaf(Row memory row) internal pure returns (bytes32) {
        bytes memory what = abi.encodePacked(
            ROW_LEAF, row.account, row.slot, row.meter, row.orderHash, row.contractedWh, row.meteredWh, row.usualImportWh, row.flags
        );
        return keccak256(
            bytes.concat(
                what,
                abi.encodePacked(row.importFrom, row.importTo, row.exportFrom, row.exportTo),
                abi.encodePacked(row.netNano, row.cumNano)
            )
        );
    }

    function leaf(Balance memory balance) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(BALANCE_LEAF, balance.account, balance.cumNano, balance.firstRow, balance.rowCount));
    }

    /// @notice What a balance adds to the sums of its tree: one of the two is zero.
    function creditDebit(int128 cumNano) internal pure returns (uint128 credit, uint128 debit) {
        // −2^127 has no positive of its own width, so it is turned in a wider one.
        return cumNano >= 0 ? (uint128(cumNano), uint128(0)) : (uint128(0), uint128(uint256(-int256(cumNano))));
    }

    // ---- EIP-712 ----

    /// @notice The domain of a market whose contract is here; the zero address in statement mode.
    function domainSeparator(address market) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, DOMAIN_NAME_HASH, DOMAIN_VERSION_HASH, block.chainid, market));
    }

    function digest(bytes32 domain, bytes32 message) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    function structHash(Order memory order) internal pure returns (bytes32) {
        return keccak256(abi.encode(ORDER_TYPEHASH, order));
    }

    function structHash(Delegation memory delegation) internal pure returns (bytes32) {
        return keccak256(abi.encode(DELEGATION_TYPEHASH, delegation));
    }

    function structHash(Acknowledgement memory acknowledgement) internal pure returns (bytes32) {
        return keccak256(abi.encode(ACKNOWLEDGEMENT_TYPEHASH, acknowledgement));
    }

    function cancellationStructHash(bytes32[] memory hashes) internal pure returns (bytes32) {
        return keccak256(abi.encode(ORDER_CANCELLATION_TYPEHASH, keccak256(abi.encodePacked(hashes))));
    }

    function counterIncrementStructHash(address trader, bytes32 market, uint64 counter) internal pure returns (bytes32) {
        return keccak256(abi.encode(COUNTER_INCREMENT_TYPEHASH, trader, market, counter));
    }

    function revocationStructHash(bytes32 delegation) internal pure returns (bytes32) {
        return keccak256(abi.encode(DELEGATION_REVOCATION_TYPEHASH, delegation));
    }

    function statementStructHash(bytes32 market, uint64 slot, bytes32 headerHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(SLOT_STATEMENT_TYPEHASH, market, slot, headerHash));
    }

    function payoutStructHash(address account, address to, bytes32 market, uint64 validUntil, uint256 nonce)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(PAYOUT_TYPEHASH, account, to, market, validUntil, nonce));
    }
}
