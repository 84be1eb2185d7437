// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {LogProof} from "../../contracts/LogProof.sol";

/// @notice LogProof as a contract, so that tests can hand it calldata and see it revert.
contract ProofHarness {
    error CallFailed(bytes answer);

    function leafHash(bytes calldata data) external view returns (bytes32) {
        return LogProof.leafHash(data);
    }

    function verifyInclusion(bytes32 leaf, uint64 index, uint64 size, bytes32 root, bytes32[] calldata proof) external view returns (bool) {
        return LogProof.verifyInclusion(leaf, index, size, root, proof);
    }

    function verifyConsistency(uint64 size1, bytes32 root1, uint64 size2, bytes32 root2, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        return LogProof.verifyConsistency(size1, root1, size2, root2, proof);
    }

    /// @notice What the verification alone costs a contract that has the proof in its calldata.
    function gasOfInclusion(bytes32 leaf, uint64 index, uint64 size, bytes32 root, bytes32[] calldata proof)
        external
        view
        returns (uint256 used, bool valid)
    {
        uint256 before = gasleft();
        valid = LogProof.verifyInclusion(leaf, index, size, root, proof);
        used = before - gasleft();
    }

    function gasOfConsistency(uint64 size1, bytes32 root1, uint64 size2, bytes32 root2, bytes32[] calldata proof)
        external
        view
        returns (uint256 used, bool valid)
    {
        uint256 before = gasleft();
        valid = LogProof.verifyConsistency(size1, root1, size2, root2, proof);
        used = before - gasleft();
    }

    /// @notice The same from an entry's bytes.
    function gasOfEntryInclusion(bytes calldata entry, uint64 index, uint64 size, bytes32 root, bytes32[] calldata proof)
        external
        view
        returns (uint256 used, bool valid)
    {
        uint256 before = gasleft();
        valid = LogProof.verifyInclusion(LogProof.leafHash(entry), index, size, root, proof);
        used = before - gasleft();
    }

    /// @notice What a question to another contract costs this one, its account and storage never touched before in the transaction.
    function gasOfCall(address target, bytes calldata input) external view returns (uint256 used, bytes memory answer) {
        bool answered;
        uint256 before = gasleft();
        (answered, answer) = target.staticcall(input);
        used = before - gasleft();
        if (!answered) revert CallFailed(answer);
    }
}
