// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Check, Vm} from "./Check.sol";

struct InclusionCase {
    string name;
    uint64 index;
    uint64 size;
    bytes leafData;
    bytes32 leafHash;
    bytes32 root;
    bytes32[] proof;
    bool valid;
}

struct ConsistencyCase {
    string name;
    uint64 size1;
    uint64 size2;
    bytes32 root1;
    bytes32 root2;
    bytes32[] proof;
    bool valid;
}

struct EntryCase {
    string name;
    bytes entry;
    uint8 kind;
    uint8 version;
    bytes16 salt;
    bytes32 subject;
    uint16 quantity;
    int8 exponent;
    uint24 quality;
    int64 value;
    uint48 measuredAtMs;
    uint48 arrivedAtMs;
    uint48 number;
    uint32 span;
    bytes32 source;
}

struct MalformedEntryCase {
    string name;
    bytes entry;
    string wrong;
}

/// @notice Reads test/vectors, the cases that TypeScript reads too.
abstract contract Vectors is Check {
    function _filesOf(string memory directory) internal view returns (string[] memory paths) {
        Vm.DirEntry[] memory files = vm.readDir(string.concat("test/vectors/", directory));
        paths = new string[](files.length);
        for (uint256 i = 0; i < files.length; ++i) {
            paths[i] = files[i].path;
        }
    }

    function _cases(string memory path, string memory typeDescription) private view returns (bytes memory) {
        return vm.parseJsonTypeArray(vm.readFile(path), ".cases", typeDescription);
    }

    function _inclusionCases(string memory path) internal view returns (InclusionCase[] memory) {
        return abi.decode(
            _cases(
                path,
                "InclusionCase(string name,uint64 index,uint64 size,bytes leafData,bytes32 leafHash,bytes32 root,bytes32[] proof,bool valid)"
            ),
            (InclusionCase[])
        );
    }

    function _consistencyCases(string memory path) internal view returns (ConsistencyCase[] memory) {
        return abi.decode(
            _cases(path, "ConsistencyCase(string name,uint64 size1,uint64 size2,bytes32 root1,bytes32 root2,bytes32[] proof,bool valid)"),
            (ConsistencyCase[])
        );
    }

    function _entryCases() internal view returns (EntryCase[] memory) {
        return abi.decode(
            _cases(
                "test/vectors/entry/canonical.json",
                "EntryCase(string name,bytes entry,uint8 kind,uint8 version,bytes16 salt,bytes32 subject,uint16 quantity,int8 exponent,uint24 quality,int64 value,uint48 measuredAtMs,uint48 arrivedAtMs,uint48 number,uint32 span,bytes32 source)"
            ),
            (EntryCase[])
        );
    }

    function _malformedEntryCases() internal view returns (MalformedEntryCase[] memory) {
        return abi.decode(
            _cases("test/vectors/entry/malformed.json", "MalformedEntryCase(string name,bytes entry,string wrong)"), (MalformedEntryCase[])
        );
    }
}
