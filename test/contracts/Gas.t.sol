// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AnchorRegistry} from "../../contracts/AnchorRegistry.sol";
import {HeadToAnchor, IAnchorRegistry} from "../../contracts/IAnchorRegistry.sol";
import {Entry, LogEntry} from "../../contracts/LogEntry.sol";
import {Check} from "./Check.sol";
import {EqualLog} from "./EqualLog.sol";
import {ProofHarness} from "./ProofHarness.sol";

/// @notice Bytes kept as code, so that reading them back costs a test next to nothing.
contract Kept {
    constructor(bytes memory data) {
        bytes memory code = bytes.concat(hex"00", data);
        assembly ("memory-safe") {
            return(add(code, 0x20), mload(code))
        }
    }
}

contract EntryGasHarness {
    function gasOfDecode(bytes calldata data) external view returns (uint256 used, int64 value) {
        uint256 before = gasleft();
        Entry memory entry = LogEntry.decode(data);
        used = before - gasleft();
        value = entry.value;
    }
}

/// @notice One call a test, its calldata made beforehand: what contracts/.gas-snapshot holds. The calls are as of a log of a million entries.
contract GasTest is Check, EqualLog {
    uint64 private constant MILLION = 1_000_000;
    bytes private _entry = new bytes(118);

    EntryGasHarness private _entries;
    ProofHarness private _proofs;
    AnchorRegistry private _registry;
    bytes32 private _fresh;
    bytes32 private _full;
    mapping(string => address) private _calls;

    function setUp() external {
        uint64 time = 1_800_000_000;
        vm.warp(time);
        _entry[1] = 0x01;
        _entry[0] = 0x01;
        _fillEqualLog(_entry);
        _entries = new EntryGasHarness();
        _proofs = new ProofHarness();
        _registry = new AnchorRegistry(1 hours);
        _fresh = _registry.open("fresh");
        _full = _registry.open("full");
        bytes32[] memory none;

        // A ring that has been round once, one anchor a minute, its newest head at a million entries.
        uint64 first = MILLION - 599;
        _registry.anchor(_full, first, _rootOf(first), none);
        for (uint64 size = first; size < MILLION; ++size) {
            time += 1 minutes;
            vm.warp(time);
            _registry.anchor(_full, size + 1, _rootOf(size + 1), _proofBetween(size, size + 1));
        }

        _keep("open", abi.encodeCall(_registry.open, ("another")));
        _keep("first", abi.encodeCall(_registry.anchor, (_fresh, MILLION, _rootOf(MILLION), none)));
        _keepAnchor("next 1", MILLION + 1);
        _keepAnchor("next 1,000", MILLION + 1000);
        _keepAnchor("next million", 2 * MILLION);
        uint64 size20 = 1_048_576;
        bytes32 leaf = _rootOf(1);
        _keep("inclusion", abi.encodeCall(_proofs.gasOfInclusion, (leaf, 699_050, size20, _rootOf(size20), _pathTo(699_050, size20))));
        _keep("inclusion 12", abi.encodeCall(_proofs.gasOfInclusion, (leaf, 2730, 4096, _rootOf(4096), _pathTo(2730, 4096))));
        _keep(
            "consistency",
            abi.encodeCall(_proofs.gasOfConsistency, (MILLION, _rootOf(MILLION), size20, _rootOf(size20), _proofBetween(MILLION, size20)))
        );
        _keep(
            "registry",
            abi.encodeCall(_registry.verifyInclusion, (_full, MILLION, time, _rootOf(MILLION), 699_050, _entry, _pathTo(699_050, MILLION)))
        );
        _keepMany();
    }

    /// @dev Ten logs whose newest head is at a million entries, whose rings have places left; one proposed to this account; one to be closed behind another.
    function _keepMany() private {
        HeadToAnchor[] memory first = new HeadToAnchor[](10);
        HeadToAnchor[] memory next = new HeadToAnchor[](10);
        bytes32[] memory none;
        for (uint256 i = 0; i < 10; ++i) {
            bytes32 logId = _registry.open(keccak256(abi.encode("many", i)));
            first[i] = HeadToAnchor(logId, MILLION, _rootOf(MILLION), none);
            next[i] = HeadToAnchor(logId, MILLION + 1000, _rootOf(MILLION + 1000), _proofBetween(MILLION, MILLION + 1000));
        }
        _registry.anchorMany(first);
        _keep("batch", abi.encodeCall(_registry.anchorMany, (next)));
        _keep("batch again", abi.encodeCall(_registry.anchorMany, (first)));
        _keep("propose", abi.encodeCall(_registry.proposeOperator, (_fresh, address(1))));
        address operator = address(0x0be4a704);
        vm.prank(operator);
        bytes32 handed = _registry.open("handed");
        vm.prank(operator);
        _registry.proposeOperator(handed, address(this));
        _keep("accept", abi.encodeCall(_registry.acceptOperator, (handed)));
        _keep("close", abi.encodeCall(_registry.close, (_full, _fresh)));
        _keep(
            "old head",
            abi.encodeCall(
                _registry.verifyConsistency,
                (_full, MILLION, uint64(block.timestamp), _rootOf(MILLION), 1000, _rootOf(1000), _proofBetween(1000, MILLION))
            )
        );
    }

    function _keepAnchor(string memory name, uint64 size) private {
        _keep(name, abi.encodeCall(_registry.anchor, (_full, size, _rootOf(size), _proofBetween(MILLION, size))));
    }

    function _keep(string memory name, bytes memory input) private {
        _calls[name] = address(new Kept(input));
    }

    function _callOf(string memory name) private view returns (bytes memory input) {
        address kept = _calls[name];
        input = new bytes(kept.code.length - 1);
        assembly ("memory-safe") {
            extcodecopy(kept, add(input, 0x20), 1, mload(input))
        }
    }

    function _run(address target, string memory name) private returns (bytes memory answer) {
        bool answered;
        (answered, answer) = target.call(_callOf(name));
        expect(answered, name);
    }

    function test_anchor_the_next_of_ten_logs() external {
        uint256 anchored = abi.decode(_run(address(_registry), "batch"), (uint256));
        expectUint(anchored, 10, "all of them");
    }

    function test_anchor_ten_logs_again() external {
        uint256 anchored = abi.decode(_run(address(_registry), "batch again"), (uint256));
        expectUint(anchored, 0, "none of them");
    }

    function test_propose() external {
        _run(address(_registry), "propose");
    }

    function test_accept() external {
        _run(address(_registry), "accept");
    }

    function test_close() external {
        _run(address(_registry), "close");
    }

    function test_an_old_head_under_an_anchored_one() external {
        expect(abi.decode(_run(address(_registry), "old head"), (bool)), "it is a prefix");
    }

    function test_open() external {
        _run(address(_registry), "open");
    }

    function test_anchor_the_first() external {
        _run(address(_registry), "first");
    }

    function test_anchor_one_entry_more() external {
        _run(address(_registry), "next 1");
    }

    function test_anchor_a_thousand_entries_more() external {
        _run(address(_registry), "next 1,000");
    }

    function test_anchor_a_million_entries_more() external {
        _run(address(_registry), "next million");
    }

    function test_inclusion_of_20_levels_costs_less_than_430_a_level() external {
        (uint256 used, bool valid) = abi.decode(_run(address(_proofs), "inclusion"), (uint256, bool));
        expect(valid, "the proof holds");
        expect(used <= 20 * 430, vm.toString(used));
    }

    function test_inclusion_of_12_levels_costs_less_than_430_a_level() external {
        (uint256 used, bool valid) = abi.decode(_run(address(_proofs), "inclusion 12"), (uint256, bool));
        expect(valid, "the proof holds");
        expect(used <= 12 * 430, vm.toString(used));
    }

    function test_consistency_of_20_levels() external {
        (, bool valid) = abi.decode(_run(address(_proofs), "consistency"), (uint256, bool));
        expect(valid, "the proof holds");
    }

    function test_inclusion_under_an_anchored_head() external {
        expect(abi.decode(_run(address(_registry), "registry"), (bool)), "the entry is included");
    }

    function test_decoding_an_entry() external {
        (uint256 used,) = _entries.gasOfDecode(_entry);
        expect(used <= 1000, vm.toString(used));
    }
}
