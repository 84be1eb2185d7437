// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Verifies that an entry is in a log, and that one log is a prefix of another.
/// @notice Inclusion and consistency proofs of RFC 9162 over SHA-256, as transparency logs use them everywhere.
/// @dev Strict: every hash of a proof must be needed, and no proof is longer than `PROOF_LENGTH_MAX`. A root does not commit to the size
/// of its tree, so a caller MUST take the size from where it takes the root: with another size of the same shape the same proof holds.
library LogProof {
    /// @notice The SHA-256 precompile gave no answer: out of gas, or a chain without it.
    /// @dev Never a verdict of `false`, else a caller could turn a good proof into a bad one by sending too little gas.
    error Sha256Unavailable();

    /// @notice No tree of up to 2^63 entries needs a longer proof: 63 levels, and the seed that a consistency proof begins with.
    uint256 internal constant PROOF_LENGTH_MAX = 64;

    /// @notice The hash of one entry: SHA-256(0x00 ‖ data). [RFC 9162 §2.1.1]
    function leafHash(bytes calldata data) internal view returns (bytes32 hash) {
        bool answered;
        assembly ("memory-safe") {
            // Beyond the free memory pointer is scratch space: nothing there outlives this block.
            let message := mload(0x40)
            mstore8(message, 0x00)
            calldatacopy(add(message, 1), data.offset, data.length)
            answered := staticcall(gas(), 0x02, message, add(data.length, 1), 0x00, 0x20)
            // A chain without the precompile answers with nothing, and successfully.
            answered := and(answered, eq(returndatasize(), 0x20))
            hash := mload(0x00)
        }
        if (!answered) revert Sha256Unavailable();
    }

    /// @notice Whether `proof` shows that the leaf with this hash is at `index` of the tree with this `size` and `root`.
    /// [RFC 9162 §2.1.3.2]
    /// @dev The loop of the RFC in two parts. While fn and sn differ, the lowest bit of fn says on which side the sibling is. Once they are
    /// equal the path is on the right edge of the tree, and stays: each set bit is a left sibling, and each zero a level that is skipped. So index
    /// and size alone say how many hashes are needed, and the RFC's tests for too few and too many become one comparison at the end.
    function verifyInclusion(bytes32 leaf, uint64 index, uint64 size, bytes32 root, bytes32[] calldata proof) internal view returns (bool) {
        // Step 1. An index beyond the size is refused; with it every index of an empty tree.
        if (index >= size || proof.length > PROOF_LENGTH_MAX) return false;

        // Step 2. Assembly may only see cleaned words: conversion to uint256 cleans them.
        uint256 fn = index;
        uint256 sn = uint256(size) - 1;
        bytes32 r;
        bool answered;
        bool complete;

        assembly ("memory-safe") {
            // The message 0x01 ‖ left ‖ right lies in scratch space beyond the free memory pointer.
            let message := mload(0x40)
            let left := add(message, 1)
            let right := add(message, 33)
            mstore8(message, 0x01)

            // Step 3. r stays in the first word of memory, which Solidity leaves to us and the precompile writes to.
            mstore(0x00, leaf)
            answered := 1
            let next := proof.offset

            // Step 4, below the right edge.
            for { let apart := xor(fn, sn) } apart { apart := shr(1, apart) } {
                // If the lowest bit of fn is set then r = HASH(0x01 ‖ p ‖ r), else r = HASH(0x01 ‖ r ‖ p).
                let side := shl(5, and(fn, 1))
                mstore(add(left, side), mload(0x00))
                mstore(sub(right, side), calldataload(next))
                answered := and(answered, staticcall(gas(), 0x02, message, 65, 0x00, 0x20))
                fn := shr(1, fn)
                next := add(next, 0x20)
            }
            // Step 4, on the right edge: r = HASH(0x01 ‖ p ‖ r) for each bit that is set.
            for {} fn { fn := and(fn, sub(fn, 1)) } {
                mstore(left, calldataload(next))
                mstore(right, mload(0x00))
                answered := and(answered, staticcall(gas(), 0x02, message, 65, 0x00, 0x20))
                next := add(next, 0x20)
            }

            r := mload(0x00)
            // A proof too short was read beyond its end, one too long not to it: either way r says nothing.
            complete := eq(next, add(proof.offset, shl(5, proof.length)))
            // A chain without the precompile answers with nothing, and successfully. If nothing was hashed, nothing was asked.
            answered := and(answered, or(eq(returndatasize(), 0x20), eq(next, proof.offset)))
        }
        if (!answered) revert Sha256Unavailable();
        // Step 5.
        return complete && r == root;
    }

    /// @notice Whether `proof` shows that the tree of `size1` and `root1` is a prefix of the tree of `size2` and `root2`.
    /// [RFC 9162 §2.1.4.2]
    /// @dev Equal sizes take an empty proof and equal roots. A `size1` of 0 is refused: the RFC defines no proof from an empty tree. The loop is
    /// in two parts, as in `verifyInclusion`.
    function verifyConsistency(uint64 size1, bytes32 root1, uint64 size2, bytes32 root2, bytes32[] calldata proof)
        internal
        view
        returns (bool)
    {
        if (size1 == 0 || size1 > size2 || proof.length > PROOF_LENGTH_MAX) return false;
        if (size1 == size2) return proof.length == 0 && root1 == root2;
        // Step 1. Between different sizes an empty path fails.
        if (proof.length == 0) return false;

        // Step 3.
        uint256 fn = uint256(size1) - 1;
        uint256 sn = uint256(size2) - 1;
        bytes32 fr;
        bytes32 sr;
        bool answered;
        bool complete;

        assembly ("memory-safe") {
            let message := mload(0x40)
            mstore8(message, 0x01)
            answered := 1
            let next := proof.offset

            // Step 4. Shift while the lowest bit of fn is set. Ends at the latest when fn is 0.
            for {} and(fn, 1) {} {
                fn := shr(1, fn)
                sn := shr(1, sn)
            }
            // Steps 2 and 5. If size1 is a power of two then fn is 0 now, and the old root itself is the seed; else the first value is.
            switch fn
            case 0 { fr := root1 }
            default {
                fr := calldataload(next)
                next := add(next, 0x20)
            }
            sr := fr

            // Step 6, below the right edge of the new tree.
            for { let apart := xor(fn, sn) } apart { apart := shr(1, apart) } {
                switch and(fn, 1)
                case 0 {
                    // The sibling is on the right, in the new tree only: sr = HASH(0x01 ‖ sr ‖ c).
                    mstore(add(message, 1), sr)
                    mstore(add(message, 33), calldataload(next))
                    answered := and(answered, staticcall(gas(), 0x02, message, 65, 0x00, 0x20))
                    sr := mload(0x00)
                }
                default {
                    // The sibling is on the left, in both trees: fr = HASH(0x01 ‖ c ‖ fr), sr = HASH(0x01 ‖ c ‖ sr).
                    mstore(add(message, 1), calldataload(next))
                    mstore(add(message, 33), fr)
                    answered := and(answered, staticcall(gas(), 0x02, message, 65, 0x00, 0x20))
                    // Until the first sibling on the right both hashes are one: it is computed once.
                    switch eq(fr, sr)
                    case 0 {
                        fr := mload(0x00)
                        mstore(add(message, 33), sr)
                        answered := and(answered, staticcall(gas(), 0x02, message, 65, 0x00, 0x20))
                        sr := mload(0x00)
                    }
                    default {
                        fr := mload(0x00)
                        sr := fr
                    }
                }
                fn := shr(1, fn)
                next := add(next, 0x20)
            }
            // Step 6, on the right edge of the new tree: a sibling on the left, in both trees, for each bit that is set.
            for {} fn { fn := and(fn, sub(fn, 1)) } {
                mstore(add(message, 1), calldataload(next))
                mstore(add(message, 33), fr)
                answered := and(answered, staticcall(gas(), 0x02, message, 65, 0x00, 0x20))
                fr := mload(0x00)
                mstore(add(message, 33), sr)
                answered := and(answered, staticcall(gas(), 0x02, message, 65, 0x00, 0x20))
                sr := mload(0x00)
                next := add(next, 0x20)
            }

            complete := eq(next, add(proof.offset, shl(5, proof.length)))
            // Different sizes always need a hash at least, so the precompile was asked.
            answered := and(answered, eq(returndatasize(), 0x20))
        }
        if (!answered) revert Sha256Unavailable();
        // Step 7.
        return complete && fr == root1 && sr == root2;
    }
}
