// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {LogProof} from "../../contracts/LogProof.sol";
import {Check} from "./Check.sol";
import {ProofHarness} from "./ProofHarness.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {ConsistencyCase, InclusionCase, Vectors} from "./Vectors.sol";

/// @notice The vectors of test/vectors/merkle, which other languages read too.
contract LogProofVectorsTest is Vectors {
    ProofHarness private immutable _proofs = new ProofHarness();

    function test_every_inclusion_vector_gets_its_verdict() external view {
        string[] memory files = _filesOf("merkle/inclusion");
        uint256 valid;
        uint256 invalid;
        for (uint256 file = 0; file < files.length; ++file) {
            InclusionCase[] memory cases = _inclusionCases(files[file]);
            for (uint256 i = 0; i < cases.length; ++i) {
                InclusionCase memory one = cases[i];
                expectBytes32(_proofs.leafHash(one.leafData), one.leafHash, one.name);
                expect(_proofs.verifyInclusion(one.leafHash, one.index, one.size, one.root, one.proof) == one.valid, one.name);
                one.valid ? ++valid : ++invalid;
            }
        }
        expect(files.length >= 20 && valid >= 200 && invalid >= 900, "the inclusion vectors are all there");
    }

    function test_every_consistency_vector_gets_its_verdict() external view {
        string[] memory files = _filesOf("merkle/consistency");
        uint256 valid;
        uint256 invalid;
        for (uint256 file = 0; file < files.length; ++file) {
            ConsistencyCase[] memory cases = _consistencyCases(files[file]);
            for (uint256 i = 0; i < cases.length; ++i) {
                ConsistencyCase memory one = cases[i];
                expect(_proofs.verifyConsistency(one.size1, one.root1, one.size2, one.root2, one.proof) == one.valid, one.name);
                one.valid ? ++valid : ++invalid;
            }
        }
        expect(files.length >= 20 && valid >= 200 && invalid >= 900, "the consistency vectors are all there");
    }
}

/// @notice LogProof against the recursive definitions, on trees and proofs that the fuzzer makes up.
contract LogProofFuzzTest is Check {
    ProofHarness private immutable _proofs = new ProofHarness();

    function _leaves(bytes32 seed, uint256 size) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
    }

    function testFuzz_the_path_of_any_leaf_leads_to_the_root(bytes32 seed, uint256 anySize, uint256 anyIndex) external view {
        uint256 size = between(anySize, 1, 80);
        uint256 index = between(anyIndex, 0, size - 1);
        bytes32[] memory leaves = _leaves(seed, size);
        bytes32 root = ReferenceTree.mth(leaves, 0, size);
        bytes32[] memory proof = ReferenceTree.path(index, leaves, 0, size);
        expect(_proofs.verifyInclusion(leaves[index], uint64(index), uint64(size), root, proof), "the leaf is included");

        uint256 other = (index + 1) % size;
        if (other != index) {
            expect(!_proofs.verifyInclusion(leaves[other], uint64(index), uint64(size), root, proof), "another leaf is not");
            expect(!_proofs.verifyInclusion(leaves[index], uint64(other), uint64(size), root, proof), "nor at another place");
        }
    }

    function testFuzz_the_proof_between_any_two_sizes_holds(bytes32 seed, uint256 anySize1, uint256 anySize2) external view {
        uint256 size2 = between(anySize2, 2, 80);
        uint256 size1 = between(anySize1, 1, size2 - 1);
        bytes32[] memory leaves = _leaves(seed, size2);
        bytes32 root1 = ReferenceTree.mth(leaves, 0, size1);
        bytes32 root2 = ReferenceTree.mth(leaves, 0, size2);
        bytes32[] memory proof = ReferenceTree.subproof(size1, leaves, 0, size2, true);
        expect(_proofs.verifyConsistency(uint64(size1), root1, uint64(size2), root2, proof), "the heads are consistent");
    }

    function testFuzz_a_fork_never_has_a_proof(bytes32 seed, uint256 anySize1, uint256 anySize2, uint256 anyAt) external view {
        uint256 size2 = between(anySize2, 2, 80);
        uint256 size1 = between(anySize1, 1, size2 - 1);
        bytes32[] memory leaves = _leaves(seed, size2);
        bytes32 root1 = ReferenceTree.mth(leaves, 0, size1);
        bytes32[] memory honestProof = ReferenceTree.subproof(size1, leaves, 0, size2, true);

        leaves[between(anyAt, 0, size1 - 1)] = keccak256(abi.encode(seed, "fork"));
        bytes32 root2 = ReferenceTree.mth(leaves, 0, size2);
        bytes32[] memory forkedProof = ReferenceTree.subproof(size1, leaves, 0, size2, true);
        expect(!_proofs.verifyConsistency(uint64(size1), root1, uint64(size2), root2, forkedProof), "its own proof fails");
        expect(!_proofs.verifyConsistency(uint64(size1), root1, uint64(size2), root2, honestProof), "the honest one too");
    }

    /// @notice Any size and index up to 64 bits, a path of the right length or nearly, and the root that it leads to or nearly.
    function testFuzz_inclusion_agrees_with_the_definition(
        bytes32 leaf,
        uint64 size,
        uint64 index,
        uint8 shift,
        uint256 length,
        uint8 change
    ) external view {
        size >>= shift % 64;
        index >>= shift % 64;
        if (index > size && change < 250) (index, size) = (size, index);
        bytes32[] memory proof = _hashes(leaf, between(length, 0, 66));
        // Find the length that fits, if the index does, so that half of the cases are nearly true.
        for (uint256 fitting = 0; fitting <= 64 && change < 128; ++fitting) {
            (bool fits,) = ReferenceTree.rootFromPath(leaf, index, size, proof = _hashes(leaf, fitting), fitting);
            if (fits) break;
        }
        (, bytes32 root) = ReferenceTree.rootFromPath(leaf, index, size, proof, proof.length);
        if (change % 8 == 1) index = index > 0 ? index - 1 : 1;
        if (change % 8 == 2) size = size > 0 ? size - 1 : 0;
        if (change % 8 == 3) size = size < type(uint64).max ? size + 1 : size;
        if (change % 8 == 4) root = ~root;
        if (change % 8 == 5) proof = resized(proof, proof.length + 1);

        (bool fitsNow, bytes32 rootNow) = ReferenceTree.rootFromPath(leaf, index, size, proof, proof.length);
        bool expected = fitsNow && rootNow == root;
        expect(_proofs.verifyInclusion(leaf, index, size, root, proof) == expected, "the verdict is the definition's");
    }

    /// @notice Any two sizes up to 63 bits, a proof of the right length or nearly, and the roots that it leads to or nearly.
    function testFuzz_consistency_agrees_with_the_definition(
        bytes32 seed,
        uint64 size1,
        uint64 size2,
        uint8 shift,
        uint256 length,
        uint8 change
    ) external view {
        size1 >>= 1 + shift % 62;
        size2 >>= 1 + shift % 62;
        if (size1 > size2 && change < 250) (size1, size2) = (size2, size1);
        bytes32[] memory proof = _hashes(seed, between(length, 0, 66));
        for (uint256 fitting = 0; fitting <= 64 && change < 128; ++fitting) {
            (bool fits,,) = _roots(size1, size2, seed, proof = _hashes(seed, fitting));
            if (fits) break;
        }
        (, bytes32 root1, bytes32 root2) = _roots(size1, size2, seed, proof);
        if (change % 8 == 1) size1 = size1 > 0 ? size1 - 1 : 0;
        if (change % 8 == 2) size2 = size2 > 0 ? size2 - 1 : 0;
        if (change % 8 == 3) ++size2;
        if (change % 8 == 4) root1 = ~root1;
        if (change % 8 == 5) root2 = ~root2;
        if (change % 8 == 6) proof = resized(proof, proof.length + 1);

        bool expected;
        if (size1 == size2) {
            expected = size1 > 0 && proof.length == 0 && root1 == root2;
        } else {
            (bool fitsNow, bytes32 root1Now, bytes32 root2Now) = _roots(size1, size2, root1, proof);
            expected = fitsNow && root1Now == root1 && root2Now == root2;
        }
        expect(_proofs.verifyConsistency(size1, root1, size2, root2, proof) == expected, "the verdict is the definition's");
    }

    function _roots(uint64 size1, uint64 size2, bytes32 root1, bytes32[] memory proof) private pure returns (bool, bytes32, bytes32) {
        if (size1 == 0 || size1 >= size2) return (false, root1, root1);
        return ReferenceTree.rootsFromSubproof(size1, size2, true, root1, proof, proof.length);
    }

    function _hashes(bytes32 seed, uint256 length) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            hashes[i] = keccak256(abi.encode(seed, "hash", i));
        }
    }

    function testFuzz_a_leaf_hash_is_that_of_the_prefixed_data(bytes calldata data) external view {
        expectBytes32(_proofs.leafHash(data), ReferenceTree.leaf(data), "leaf hash");
    }
}

/// @notice Every single bit counts, every hash is needed, and too little gas is never taken for a verdict.
contract LogProofStrictTest is Check {
    ProofHarness private immutable _proofs = new ProofHarness();

    function _tree(uint256 size) private pure returns (bytes32[] memory leaves, bytes32 root) {
        leaves = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            leaves[i] = ReferenceTree.leaf(abi.encode(i));
        }
        root = ReferenceTree.mth(leaves, 0, size);
    }

    function test_every_flipped_bit_of_an_inclusion_proof_is_refused() external view {
        (bytes32[] memory leaves, bytes32 root) = _tree(27);
        // A left edge, an inner leaf, and the right edge, whose path skips levels.
        _flipInclusion(leaves[0], 0, root, ReferenceTree.path(0, leaves, 0, 27));
        _flipInclusion(leaves[13], 13, root, ReferenceTree.path(13, leaves, 0, 27));
        _flipInclusion(leaves[26], 26, root, ReferenceTree.path(26, leaves, 0, 27));
    }

    function _flipInclusion(bytes32 leaf, uint64 index, bytes32 root, bytes32[] memory proof) private view {
        expect(_proofs.verifyInclusion(leaf, index, 27, root, proof), "the proof is good before the flips");
        for (uint256 bit = 0; bit < 256; ++bit) {
            bytes32 flip = bytes32(1 << bit);
            expect(!_proofs.verifyInclusion(leaf ^ flip, index, 27, root, proof), "a bit of the leaf");
            expect(!_proofs.verifyInclusion(leaf, index, 27, root ^ flip, proof), "a bit of the root");
            for (uint256 i = 0; i < proof.length; ++i) {
                proof[i] ^= flip;
                expect(!_proofs.verifyInclusion(leaf, index, 27, root, proof), "a bit of the proof");
                proof[i] ^= flip;
            }
        }
        for (uint256 bit = 0; bit < 64; ++bit) {
            expect(!_proofs.verifyInclusion(leaf, index ^ uint64(1 << bit), 27, root, proof), "a bit of the index");
        }
    }

    function test_every_flipped_bit_of_a_consistency_proof_is_refused() external view {
        (bytes32[] memory leaves, bytes32 root) = _tree(27);
        // A power of two, whose root is the seed; an inner size; all but one.
        _flipConsistency(8, ReferenceTree.mth(leaves, 0, 8), root, ReferenceTree.subproof(8, leaves, 0, 27, true));
        _flipConsistency(13, ReferenceTree.mth(leaves, 0, 13), root, ReferenceTree.subproof(13, leaves, 0, 27, true));
        _flipConsistency(26, ReferenceTree.mth(leaves, 0, 26), root, ReferenceTree.subproof(26, leaves, 0, 27, true));
    }

    function _flipConsistency(uint64 size1, bytes32 root1, bytes32 root2, bytes32[] memory proof) private view {
        expect(_proofs.verifyConsistency(size1, root1, 27, root2, proof), "the proof is good before the flips");
        for (uint256 bit = 0; bit < 256; ++bit) {
            bytes32 flip = bytes32(1 << bit);
            expect(!_proofs.verifyConsistency(size1, root1 ^ flip, 27, root2, proof), "a bit of the old root");
            expect(!_proofs.verifyConsistency(size1, root1, 27, root2 ^ flip, proof), "a bit of the new root");
            for (uint256 i = 0; i < proof.length; ++i) {
                proof[i] ^= flip;
                expect(!_proofs.verifyConsistency(size1, root1, 27, root2, proof), "a bit of the proof");
                proof[i] ^= flip;
            }
        }
        for (uint256 bit = 0; bit < 64; ++bit) {
            expect(!_proofs.verifyConsistency(size1 ^ uint64(1 << bit), root1, 27, root2, proof), "a bit of the old size");
        }
    }

    function test_a_proof_longer_than_the_limit_is_refused_before_any_hash() external view {
        uint256 limit = LogProof.PROOF_LENGTH_MAX;
        bytes32[] memory proof = new bytes32[](limit);
        bytes32 leaf = ReferenceTree.leaf("leaf");
        uint64 size = type(uint64).max;
        (bool fits, bytes32 root) = ReferenceTree.rootFromPath(leaf, 5, size, proof, limit);
        expect(fits && _proofs.verifyInclusion(leaf, 5, size, root, proof), "64 levels are within the limit");

        bytes memory call = abi.encodeCall(ProofHarness.verifyInclusion, (leaf, 5, size, root, resized(proof, limit + 1)));
        (bool answered, bytes memory answer) = address(_proofs).staticcall{gas: 20_000}(call);
        expect(answered && !abi.decode(answer, (bool)), "65 are refused at no cost");
        call = abi.encodeCall(ProofHarness.verifyConsistency, (1, leaf, size, root, resized(proof, limit + 1)));
        (answered, answer) = address(_proofs).staticcall{gas: 20_000}(call);
        expect(answered && !abi.decode(answer, (bool)), "for consistency too");
    }

    function test_the_greatest_size_is_no_special_case() external view {
        bytes32 leaf = ReferenceTree.leaf("leaf");
        uint64 size = type(uint64).max;
        // The last leaf of 2^64 - 1 has a sibling at every level but the lowest.
        bytes32[] memory proof = new bytes32[](63);
        (bool fits, bytes32 root) = ReferenceTree.rootFromPath(leaf, size - 1, size, proof, 63);
        expect(fits && _proofs.verifyInclusion(leaf, size - 1, size, root, proof), "the last leaf is included");
        expect(!_proofs.verifyInclusion(leaf, size, size, root, proof), "an index of the size is not");
    }

    function test_a_tree_of_one_has_its_leaf_as_root_and_no_proof() external view {
        bytes32 leaf = ReferenceTree.leaf("leaf");
        expect(_proofs.verifyInclusion(leaf, 0, 1, leaf, new bytes32[](0)), "the only leaf");
        expect(!_proofs.verifyInclusion(leaf, 0, 0, leaf, new bytes32[](0)), "not in an empty tree");
        expect(!_proofs.verifyInclusion(leaf, 0, 1, leaf, new bytes32[](1)), "not with a hash too many");
    }

    function test_equal_sizes_need_an_empty_proof_and_equal_roots() external view {
        bytes32 root = ReferenceTree.leaf("leaf");
        expect(_proofs.verifyConsistency(7, root, 7, root, new bytes32[](0)), "itself");
        expect(!_proofs.verifyConsistency(7, root, 7, ~root, new bytes32[](0)), "another root");
        expect(!_proofs.verifyConsistency(7, root, 7, root, new bytes32[](1)), "a hash too many");
    }

    function test_an_empty_tree_is_consistent_with_nothing() external view {
        bytes32 empty = sha256("");
        bytes32 root = ReferenceTree.leaf("leaf");
        expect(!_proofs.verifyConsistency(0, empty, 0, empty, new bytes32[](0)), "not with itself");
        expect(!_proofs.verifyConsistency(0, empty, 1, root, new bytes32[](0)), "not with its successor");
        expect(!_proofs.verifyConsistency(1, root, 0, empty, new bytes32[](0)), "not with its predecessor");
    }

    function test_with_however_little_gas_a_good_proof_is_never_called_bad() external view {
        uint64 size = 27;
        (bytes32[] memory leaves, bytes32 root) = _tree(size);
        _starve(abi.encodeCall(ProofHarness.verifyInclusion, (leaves[13], 13, size, root, ReferenceTree.path(13, leaves, 0, size))));
        bytes32 root1 = ReferenceTree.mth(leaves, 0, 13);
        bytes32[] memory proof = ReferenceTree.subproof(13, leaves, 0, size, true);
        _starve(abi.encodeCall(ProofHarness.verifyConsistency, (13, root1, size, root, proof)));
    }

    function test_a_chain_without_the_precompile_gets_an_error_and_no_verdict() external {
        (bytes32[] memory leaves, bytes32 root) = _tree(27);
        bytes32[] memory path = ReferenceTree.path(13, leaves, 0, 27);
        bytes32 root1 = ReferenceTree.mth(leaves, 0, 13);
        bytes32[] memory proof = ReferenceTree.subproof(13, leaves, 0, 27, true);
        // What a call to an account without code gives: success, and nothing.
        vm.mockCall(address(2), "", "");
        vm.expectRevert(abi.encodeWithSelector(LogProof.Sha256Unavailable.selector));
        _proofs.leafHash("data");
        vm.expectRevert(abi.encodeWithSelector(LogProof.Sha256Unavailable.selector));
        _proofs.verifyInclusion(leaves[13], 13, 27, root, path);
        vm.expectRevert(abi.encodeWithSelector(LogProof.Sha256Unavailable.selector));
        _proofs.verifyConsistency(13, root1, 27, root, proof);
    }

    function _starve(bytes memory call) private view {
        bool refused;
        bool accepted;
        for (uint256 budget = 500; budget < 12_000; budget += 7) {
            (bool answered, bytes memory answer) = address(_proofs).staticcall{gas: budget}(call);
            if (answered) expect(abi.decode(answer, (bool)), "a verdict under little gas is the true one");
            answered ? accepted = true : refused = true;
        }
        expect(refused && accepted, "the budgets reach from too little to enough");
    }
}
