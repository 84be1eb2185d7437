// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MarketProof} from "../../contracts/MarketProof.sol";
import {MarketSignature} from "../../contracts/MarketSignature.sol";
import {
    Acknowledgement,
    Balance,
    Certificate,
    DayHeader,
    Delegation,
    Fill,
    MarketTypes,
    Order,
    OrderLeaf,
    Params,
    Row,
    SideCertificate,
    SlotHeader,
    Tier
} from "../../contracts/MarketTypes.sol";
import {MarketProofHarness} from "./MarketProof.t.sol";
import {Vectors} from "./Vectors.sol";

/// @notice The cases of test/vectors/market that TypeScript reads too: leaves, digests, paths, certificates.
contract MarketVectorsTest is Vectors {
    struct ParamsCase {
        uint64 feedInMicroPerKwh;
        uint64 retailMicroPerKwh;
        uint64 gridFeeMicroPerKwh;
        uint64 lineLimitWh;
        uint8 pricing;
    }

    struct CertificateCase {
        string name;
        ParamsCase params;
        SlotHeader header;
        bytes32 headerHash;
        SideCertificate bids;
        SideCertificate asks;
        bool valid;
    }

    struct PathCase {
        string name;
        bytes32 leaf;
        uint256[] sums;
        uint256 index;
        uint256 leaves;
        bytes path;
        bytes32 root;
        uint256[] before;
        uint256[] total;
        bool valid;
    }

    string private constant CERTIFICATE_CASE =
        "CertificateCase(string name,ParamsCase params,SlotHeader header,bytes32 headerHash,SideCertificate bids,SideCertificate asks,bool valid)ParamsCase(uint64 feedInMicroPerKwh,uint64 retailMicroPerKwh,uint64 gridFeeMicroPerKwh,uint64 lineLimitWh,uint8 pricing)SideCertificate(uint32 index,Tier last,bytes lastPath,Tier next,bytes nextPath)SlotHeader(uint64 slot,uint32 paramsVersion,uint8 mode,uint32 orderCount,bytes32 orderSetRoot,uint32 bidTiers,bytes32 bidRoot,uint32 askTiers,bytes32 askRoot,uint64 volumeWh,uint64 priceBuy,uint64 priceSell)Tier(uint64 price,uint64 quantityWh,bytes32 ordersRoot)";
    string private constant PATH_CASE =
        "PathCase(string name,bytes32 leaf,uint256[] sums,uint256 index,uint256 leaves,bytes path,bytes32 root,uint256[] before,uint256[] total,bool valid)";

    MarketProofHarness private _proof;

    function setUp() external {
        _proof = new MarketProofHarness();
    }

    function _read(string memory path, string memory typeDescription) private view returns (bytes memory) {
        return vm.parseJsonTypeArray(vm.readFile(string.concat("test/vectors/market/", path)), ".cases", typeDescription);
    }

    // ---- certificates ----

    function test_certificates_are_judged_as_typescript_judges_them() external view {
        string[] memory files = _filesOf("market/certificate");
        expect(files.length >= 10, "there are vectors");
        for (uint256 f = 0; f < files.length; ++f) {
            CertificateCase[] memory cases =
                abi.decode(vm.parseJsonTypeArray(vm.readFile(files[f]), ".cases", CERTIFICATE_CASE), (CertificateCase[]));
            expect(cases.length > 0, files[f]);
            for (uint256 i = 0; i < cases.length; ++i) {
                CertificateCase memory one = cases[i];
                expectBytes32(MarketTypes.hash(one.header), one.headerHash, one.name);
                (bool taken,) = address(_proof)
                    .staticcall(abi.encodeCall(_proof.checkClearing, (one.header, Certificate(one.bids, one.asks), _paramsOf(one.params))));
                expect(taken == one.valid, one.name);
            }
        }
    }

    function _paramsOf(ParamsCase memory one) private pure returns (Params memory params) {
        params.feedInMicroPerKwh = one.feedInMicroPerKwh;
        params.retailMicroPerKwh = one.retailMicroPerKwh;
        params.gridFeeMicroPerKwh = one.gridFeeMicroPerKwh;
        params.lineLimitWh = one.lineLimitWh;
        params.pricing = one.pricing;
    }

    // ---- paths ----

    function test_paths_lead_to_roots_and_sums_as_typescript_has_them() external view {
        string[4] memory kinds = ["plain", "tiers", "fills", "balances"];
        for (uint256 kind = 0; kind < 4; ++kind) {
            PathCase[] memory cases = abi.decode(_read(string.concat("path/", kinds[kind], ".json"), PATH_CASE), (PathCase[]));
            expect(cases.length > 0, kinds[kind]);
            for (uint256 i = 0; i < cases.length; ++i) {
                _checkPath(kind, cases[i]);
            }
        }
    }

    function _checkPath(uint256 kind, PathCase memory one) private view {
        (bool answered, bytes memory answer) = address(_proof).staticcall(_callOf(kind, one));
        bool holds = answered && abi.decode(answer, (bytes32)) == one.root;
        expect(holds == one.valid, one.name);
        if (!one.valid || kind == 0) return;
        uint256[] memory words = new uint256[](answer.length / 32);
        for (uint256 i = 0; i < words.length; ++i) {
            assembly ("memory-safe") {
                mstore(add(add(words, 0x20), shl(5, i)), mload(add(add(answer, 0x20), shl(5, i))))
            }
        }
        if (kind == 1) {
            expectUint(words[1], one.before[0], one.name);
            expectUint(words[2], one.total[0], one.name);
        } else if (kind == 2) {
            expectUint(words[1], one.before[0], one.name);
            expectUint(words[2], one.before[1], one.name);
            expectUint(words[3], one.total[0], one.name);
            expectUint(words[4], one.total[1], one.name);
        } else {
            expectUint(words[1], one.total[0], one.name);
            expectUint(words[2], one.total[1], one.name);
        }
    }

    function _callOf(uint256 kind, PathCase memory one) private view returns (bytes memory) {
        if (kind == 0) return abi.encodeCall(_proof.plainRoot, (one.leaf, one.index, one.leaves, one.path));
        if (kind == 1) return abi.encodeCall(_proof.tierRoot, (one.leaf, one.sums[0], one.index, one.leaves, one.path));
        if (kind == 2) {
            return abi.encodeCall(_proof.fillRoot, (one.leaf, uint64(one.sums[0]), uint64(one.sums[1]), one.index, one.leaves, one.path));
        }
        // Credit and debit of a leaf, one of which is zero.
        int128 cumNano = one.sums[0] != 0 ? int128(int256(one.sums[0])) : -int128(int256(one.sums[1]));
        return abi.encodeCall(_proof.balanceRoot, (one.leaf, cumNano, one.index, one.leaves, one.path));
    }

    // ---- leaves ----

    struct OrderLeafCase {
        uint64 sequence;
        bytes32 orderHash;
        bytes32 cancellation;
        bytes32 hash;
    }

    struct TierCase {
        uint64 price;
        uint64 quantityWh;
        bytes32 ordersRoot;
        bytes32 hash;
    }

    struct FillCase {
        uint64 sequence;
        bytes32 orderHash;
        bytes32 meter;
        uint64 quantityWh;
        uint64 fillWh;
        bytes32 hash;
    }

    struct RowCase {
        Row row;
        bytes32 hash;
    }

    struct BalanceCase {
        address account;
        int128 cumNano;
        uint32 firstRow;
        uint32 rowCount;
        bytes32 hash;
    }

    struct DayCase {
        uint64 day;
        uint32 rowCount;
        bytes32 rowsRoot;
        uint32 accountCount;
        bytes32 balancesRoot;
        bytes32 hash;
    }

    function test_leaves_hash_as_typescript_hashes_them() external view {
        OrderLeafCase[] memory orders = abi.decode(
            _read("leaf/orders.json", "OrderLeafCase(uint64 sequence,bytes32 orderHash,bytes32 cancellation,bytes32 hash)"),
            (OrderLeafCase[])
        );
        for (uint256 i = 0; i < orders.length; ++i) {
            expectBytes32(
                MarketTypes.leaf(OrderLeaf(orders[i].sequence, orders[i].orderHash, orders[i].cancellation)), orders[i].hash, "an order"
            );
        }
        TierCase[] memory tiers =
            abi.decode(_read("leaf/tiers.json", "TierCase(uint64 price,uint64 quantityWh,bytes32 ordersRoot,bytes32 hash)"), (TierCase[]));
        for (uint256 i = 0; i < tiers.length; ++i) {
            expectBytes32(MarketTypes.leaf(Tier(tiers[i].price, tiers[i].quantityWh, tiers[i].ordersRoot)), tiers[i].hash, "a tier");
        }
        FillCase[] memory fills = abi.decode(
            _read(
                "leaf/fills.json", "FillCase(uint64 sequence,bytes32 orderHash,bytes32 meter,uint64 quantityWh,uint64 fillWh,bytes32 hash)"
            ),
            (FillCase[])
        );
        for (uint256 i = 0; i < fills.length; ++i) {
            FillCase memory one = fills[i];
            expectBytes32(MarketTypes.leaf(Fill(one.sequence, one.orderHash, one.meter, one.quantityWh, one.fillWh)), one.hash, "a fill");
        }
        BalanceCase[] memory balances = abi.decode(
            _read("leaf/balances.json", "BalanceCase(address account,int128 cumNano,uint32 firstRow,uint32 rowCount,bytes32 hash)"),
            (BalanceCase[])
        );
        for (uint256 i = 0; i < balances.length; ++i) {
            BalanceCase memory one = balances[i];
            expectBytes32(MarketTypes.leaf(Balance(one.account, one.cumNano, one.firstRow, one.rowCount)), one.hash, "a balance");
        }
        DayCase[] memory days_ = abi.decode(
            _read(
                "leaf/days.json",
                "DayCase(uint64 day,uint32 rowCount,bytes32 rowsRoot,uint32 accountCount,bytes32 balancesRoot,bytes32 hash)"
            ),
            (DayCase[])
        );
        for (uint256 i = 0; i < days_.length; ++i) {
            DayCase memory one = days_[i];
            expectBytes32(
                MarketTypes.hash(DayHeader(one.day, one.rowCount, one.rowsRoot, one.accountCount, one.balancesRoot)), one.hash, "a day"
            );
        }
        expect(orders.length * tiers.length * fills.length * balances.length * days_.length > 0, "there are vectors");
    }

    function test_rows_hash_as_typescript_hashes_them() external view {
        string memory fields =
            "RowAndHash(address account,uint64 slot,bytes32 meter,bytes32 orderHash,int64 contractedWh,int64 meteredWh,uint64 usualImportWh,uint8 flags,uint48 importFrom,uint48 importTo,uint48 exportFrom,uint48 exportTo,int128 netNano,int128 cumNano,bytes32 hash)";
        // All its fields are one word each, so that a row and the hash behind it decode as they lie.
        RowCase[] memory rows = abi.decode(_read("leaf/rows.json", fields), (RowCase[]));
        expect(rows.length > 0, "there are vectors");
        for (uint256 i = 0; i < rows.length; ++i) {
            expectBytes32(MarketTypes.leaf(rows[i].row), rows[i].hash, "a row");
        }
    }

    // ---- what is signed ----

    function _checkSigned(bytes32 structHash, string memory file, uint256 index) private {
        string memory json = vm.readFile(string.concat("test/vectors/market/signed/", file));
        string memory key = string.concat(".cases[", vm.toString(index), "]");
        vm.chainId(vm.parseJsonUint(json, string.concat(key, ".chainId")));
        bytes32 digest = MarketTypes.digest(
            MarketTypes.domainSeparator(vm.parseJsonAddress(json, string.concat(key, ".verifyingContract"))), structHash
        );
        expectBytes32(digest, vm.parseJsonBytes32(json, string.concat(key, ".digest")), file);
        address signer = vm.parseJsonAddress(json, string.concat(key, ".signer"));
        bytes memory signature = vm.parseJsonBytes(json, string.concat(key, ".signature"));
        expect(MarketSignature.isBy(signer, digest, signature), string.concat(file, ": the signature"));
        signature[40] ^= 0x01;
        expect(!MarketSignature.isBy(signer, digest, signature), string.concat(file, ": a bent signature"));
    }

    function test_orders_have_the_digest_and_signature_of_typescript() external {
        Order[] memory orders = abi.decode(
            _read(
                "signed/orders.json",
                "Order(address trader,bytes32 market,bytes32 meter,uint8 side,uint8 mode,uint64 slotFrom,uint32 slotCount,uint64 quantityWh,uint64 limitMicroPerKwh,uint64 minQuantityWh,uint64 validUntil,uint64 counter,uint256 salt)"
            ),
            (Order[])
        );
        expect(orders.length > 0, "there are vectors");
        for (uint256 i = 0; i < orders.length; ++i) {
            _checkSigned(MarketTypes.structHash(orders[i]), "orders.json", i);
        }
    }

    function test_delegations_have_the_digest_and_signature_of_typescript() external {
        Delegation[] memory delegations = abi.decode(
            _read(
                "signed/delegations.json",
                "Delegation(address owner,address agent,bytes32 market,bytes32 meter,uint64 maxWhPerSlot,uint64 minSellMicroPerKwh,uint64 maxBuyMicroPerKwh,uint64 notBefore,uint64 notAfter,uint256 nonce)"
            ),
            (Delegation[])
        );
        expect(delegations.length > 0, "there are vectors");
        for (uint256 i = 0; i < delegations.length; ++i) {
            _checkSigned(MarketTypes.structHash(delegations[i]), "delegations.json", i);
        }
    }

    struct PayoutCase {
        address account;
        address to;
        bytes32 market;
        uint64 validUntil;
        uint256 nonce;
    }

    struct StatementCase {
        bytes32 market;
        uint64 slot;
        bytes32 headerHash;
    }

    struct CounterCase {
        address trader;
        bytes32 market;
        uint64 counter;
    }

    function test_what_else_is_signed_has_the_digest_and_signature_of_typescript() external {
        Acknowledgement memory acknowledgement = abi.decode(
            _read(
                "signed/acknowledgements.json",
                "Acknowledgement(bytes32 orderHash,bytes32 market,uint64 slot,uint64 sequence,uint64 receivedAt)"
            ),
            (Acknowledgement[])
        )[0];
        _checkSigned(MarketTypes.structHash(acknowledgement), "acknowledgements.json", 0);
        PayoutCase memory payout = abi.decode(
            _read("signed/payouts.json", "PayoutCase(address account,address to,bytes32 market,uint64 validUntil,uint256 nonce)"),
            (PayoutCase[])
        )[0];
        _checkSigned(
            MarketTypes.payoutStructHash(payout.account, payout.to, payout.market, payout.validUntil, payout.nonce), "payouts.json", 0
        );
        StatementCase memory statement = abi.decode(
            _read("signed/slot-statements.json", "StatementCase(bytes32 market,uint64 slot,bytes32 headerHash)"), (StatementCase[])
        )[0];
        _checkSigned(MarketTypes.statementStructHash(statement.market, statement.slot, statement.headerHash), "slot-statements.json", 0);
        CounterCase memory counter = abi.decode(
            _read("signed/counter-increments.json", "CounterCase(address trader,bytes32 market,uint64 counter)"), (CounterCase[])
        )[0];
        _checkSigned(MarketTypes.counterIncrementStructHash(counter.trader, counter.market, counter.counter), "counter-increments.json", 0);
        string memory json = vm.readFile("test/vectors/market/signed/revocations.json");
        _checkSigned(MarketTypes.revocationStructHash(vm.parseJsonBytes32(json, ".cases[0].delegation")), "revocations.json", 0);
        json = vm.readFile("test/vectors/market/signed/cancellations.json");
        for (uint256 i = 0; i < 2; ++i) {
            bytes32[] memory hashes = vm.parseJsonBytes32Array(json, string.concat(".cases[", vm.toString(i), "].hashes"));
            _checkSigned(MarketTypes.cancellationStructHash(hashes), "cancellations.json", i);
        }
    }
}
